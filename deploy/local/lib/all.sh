# shellcheck shell=bash
# The functions of this folder, for the scripts beside it.
# shellcheck source=env.sh
. "${BASH_SOURCE[0]%/*}/env.sh"
# shellcheck source=progress.sh
. "${BASH_SOURCE[0]%/*}/progress.sh"
# shellcheck source=tools.sh
. "${BASH_SOURCE[0]%/*}/tools.sh"
# shellcheck source=install.sh
. "${BASH_SOURCE[0]%/*}/install.sh"
# shellcheck source=stack.sh
. "${BASH_SOURCE[0]%/*}/stack.sh"
# shellcheck source=stackfile.sh
. "${BASH_SOURCE[0]%/*}/stackfile.sh"
# shellcheck source=watch.sh
. "${BASH_SOURCE[0]%/*}/watch.sh"
