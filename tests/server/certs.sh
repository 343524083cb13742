#!/bin/sh
# certs.sh DIR: makes a private CA and certificates for the TLS tests:
# ca.pem  good.pem (localhost, 127.0.0.1)  expired.pem (the same names)  other.pem (elsewhere.example)
# kimi.pem (Kimi's own hosts of both regions)  NAME.key
# Only with a CA database can every version of OpenSSL set an expiry date in the past.
set -eu

dir=${1:?usage: certs.sh DIR}
mkdir -p "$dir"
cd "$dir"

cat >ca.cnf <<'CONF'
[req]
distinguished_name = name
[name]
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index
rand_serial = yes
default_md = sha256
policy = any
email_in_dn = no
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[good]
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
[expired]
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
[other]
authorityKeyIdentifier = keyid
subjectAltName = DNS:elsewhere.example
[kimi]
authorityKeyIdentifier = keyid
subjectAltName = DNS:auth.kimi.com, DNS:api.kimi.com, DNS:auth.kimi.ai, DNS:api.kimi.ai
CONF
: >index

key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

# certificate NAME FIRST-DAY LAST-DAY
certificate() {
    key "$1"
    openssl req -new -config ca.cnf -key "$1.key" -subj "/CN=kimi test $1" -out "$1.csr"
    openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -extensions "$1" \
        -startdate "$2" -enddate "$3" -in "$1.csr" -out "$1.pem"
}

{
    key ca
    openssl req -new -x509 -config ca.cnf -extensions authority -key ca.key -subj "/CN=kimi test CA" -days 3650 -out ca.pem
    certificate good 20200101000000Z 20491231000000Z
    certificate expired 20200101000000Z 20200201000000Z
    certificate other 20200101000000Z 20491231000000Z
    certificate kimi 20200101000000Z 20491231000000Z
} 2>openssl.log || {
    cat openssl.log >&2
    exit 1
}
