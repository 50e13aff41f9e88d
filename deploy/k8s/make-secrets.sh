#!/bin/sh
# Writes the Secrets of one installation, with new random values, to standard output:
#
#   deploy/k8s/make-secrets.sh | kubectl create --namespace cinematica --filename -
#
# “create” instead of “apply” keeps existing Secrets. Replacing `gateway` signs every browser out. Replacing a `nats-…`
# Secret requires a restart of nats and of that service.
set -eu

# Without it nothing is written, instead of a part of the Secrets.
command -v openssl >/dev/null || { echo "$0: openssl is required" >&2; exit 1; }

random() { # begins with a letter, because NATS parses a value that begins with a digit as a number
  printf 's%s' "$(head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n')"
}

secret() { # name, then KEY=VALUE...
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels:\n    app.kubernetes.io/part-of: cinematica\nstringData:\n' "$1"
  shift
  for entry; do printf "  %s: '%s'\n" "${entry%%=*}" "${entry#*=}"; done
}

for user in route provisioner gateway encoder denoiser decoder muxer outbound backup restore; do
  secret "nats-$user" "password=$(random)"
done
# Signs the cookies of browsers and the URLs of media.
secret gateway "cookie=$(random)" "media=$(random)"
# The token of the stages' RPCs. To replace it, separate the old and the new one by a comma for the transition.
secret stage-token "token=$(random)"
# The token of the gateway and the muxer for the outbound service. To replace it: “old,new”, and restart the outbound service; then
# “new,old”, and restart the gateway and the muxer, which use the first one; then the new one alone.
secret outbound "token=$(random)"
# The credentials of the server in the component s3-server. Nothing else uses them. To replace them, restart s3-server, gateway, encoder
# and muxer.
secret s3-server "access-key=$(random)" "secret-key=$(random)"
# The secrets that sign webhooks, one per line: the name of an API key, or * for all others, and the secret.
# `npm run webhook-secret -- NAME` prints a line.
secret webhook-secrets "secrets=* whsec_$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
# The keys of the invisible mark, separated by commas: new videos are marked with the first one, and marks of all are found. To
# replace a key, put the new one in front of it; without the old one, the marks of older videos are not found any more.
secret mark "keys=$(random)"
# The private key by which push services recognise this installation: a scalar of P-256 in base64url, from its place in the DER.
# Replacing it ends the notifications of all browsers.
secret vapid "private-key=$(openssl ecparam -name prime256v1 -genkey -noout -outform DER | tail -c +8 | head -c 32 | base64 | tr '+/' '-_' | tr -d '=\n')"
# The certificate for content credentials (docs/provenance.md). An own one has the same three keys.
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
certificate() { # file name, common name, extensions, then who signs it
  out=$1 name=$2 extensions=$3
  shift 3
  openssl genpkey -algorithm ed25519 -out "$folder/$out.key"
  openssl req -new -key "$folder/$out.key" -subj "/CN=$name/O=Cinematica" -out "$folder/$out.csr"
  printf '%s\n' "$extensions" >"$folder/$out.ext"
  openssl x509 -req -in "$folder/$out.csr" -days 3650 -extfile "$folder/$out.ext" -out "$folder/$out.pem" "$@" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
}
certificate root 'Cinematica root' 'basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash' -signkey "$folder/root.key"
certificate leaf 'Cinematica' 'basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=1.3.6.1.5.5.7.3.36,emailProtection
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash' -CA "$folder/root.pem" -CAkey "$folder/root.key" -CAcreateserial
files() { # name, then KEY=FILE...
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels:\n    app.kubernetes.io/part-of: cinematica\nstringData:\n' "$1"
  shift
  for entry; do
    printf '  %s: |\n' "${entry%%=*}"
    sed 's/^/    /' "${entry#*=}"
  done
}
files content-credentials "root.pem=$folder/root.pem" "certificates.pem=$folder/leaf.pem" "key.pem=$folder/leaf.key"
# The API keys of other services, one per line. `npm run api-key -- NAME` prints it.
secret api-keys 'keys=# none yet'
