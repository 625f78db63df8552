#!/bin/sh
# The users of the images, so that programs that ask for a name find one.
set -eu
for user in api:1005 worker:1006 migrate:1007 clamd:1008 edge:1009 store:1011 temporal:1012 postgres:1013 proxy:1014 monitor:1015; do
  echo "${user%:*}:x:${user#*:}:${user#*:}::/tmp:/usr/sbin/nologin" >>/etc/passwd
  echo "${user%:*}:x:${user#*:}:" >>/etc/group
done
echo "scanner:x:1010:api,worker" >>/etc/group
