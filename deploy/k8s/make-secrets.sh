#!/bin/sh
# Writes the Secrets of one installation, with new random values, to standard output, for:
#
#   deploy/k8s/make-secrets.sh | kubectl create --namespace cinematica --filename -
#
# “create”, not “apply”: what is there already is kept. Replacing `gateway` logs every browser out; replacing a `nats-…`
# one needs a restart of nats and of that service.
set -eu

random() { # a letter first: NATS takes what begins with a digit for a number
  printf 's%s' "$(head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n')"
}

secret() { # name, then KEY=VALUE...
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels:\n    app.kubernetes.io/part-of: cinematica\nstringData:\n' "$1"
  shift
  for entry; do printf "  %s: '%s'\n" "${entry%%=*}" "${entry#*=}"; done
}

for user in route provisioner gateway encoder denoiser decoder muxer; do
  secret "nats-$user" "password=$(random)"
done
# Signs the browsers' cookies and the links to media.
secret gateway "cookie=$(random)" "media=$(random)"
# What callers of the stages' own RPCs say; two with a comma between while one is replaced.
secret stage-token "token=$(random)"
# The keys of other services: a line each, as `node services/gateway/src/callers/create-api-key.ts NAME` prints it.
secret api-keys 'keys=# none yet'
