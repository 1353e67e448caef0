# Stands in for python:3.11-slim where no registry can be reached: Debian with its own Python, under the same names.
# The machine's trusted authorities come along, because a machine without a registry often has a proxy with its own.
FROM ytempire-test/debian:bookworm
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN ln -s /usr/bin/python3 /usr/local/bin/python && rm -f /usr/lib/python3.11/EXTERNALLY-MANAGED
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
CMD ["python3"]
