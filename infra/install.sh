#!/bin/sh
# Installs Debian packages and leaves the machine's own services as they are: nothing that comes with the packages is
# started now or at the next boot, no PostgreSQL cluster is made. Run as root.  install.sh PACKAGE...
set -eu
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
made=
trap 'rm -f $made' EXIT
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  made=$policy
fi
if [ ! -e "$clusters" ]; then
  mkdir -p "$(dirname "$clusters")"
  echo 'create_main_cluster = false' > "$clusters"
  made="$made $clusters"
fi
new=
for package in "$@"; do
  dpkg-query --show --showformat '${Status}' "$package" 2> /dev/null | grep -q ' installed$' || new="$new $package"
done
[ -n "$new" ] || exit 0
echo "installing with apt-get:$new" >&2
apt-get -qq -o DPkg::Lock::Timeout=600 update
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
  install --no-install-recommends $new > /dev/null
for package in $new; do
  case "$package" in rabbitmq-server | prometheus)
    command -v systemctl > /dev/null && systemctl disable "$package" > /dev/null 2>&1 || true
  esac
done
