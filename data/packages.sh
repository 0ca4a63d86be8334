# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# Debian's packages that lowerfb needs, in one place; data/demo and tests/run
# read it and install what is missing. Written for Debian 12.

# The library, its typelib and the command.
packages_build=(
  gcc
  gobject-introspection
  libc6-dev
  libgirepository1.0-dev
  libglib2.0-dev
  libjson-glib-dev
  meson
  pkgconf
)

# What data/demo runs on top of that.
packages_demo=(
  "${packages_build[@]}"
  python3-gi
)

# Everything that tests/run looks at: all languages, the torch exporter, the
# documentation, memory checks and fuzzing.
packages_tests=(
  "${packages_demo[@]}"
  appstream
  at-spi2-core
  clang
  dbus
  desktop-file-utils
  fish
  gi-docgen
  gir1.2-adw-1
  gir1.2-atspi-2.0
  gir1.2-gdkpixbuf-2.0
  gir1.2-gtk-4.0
  gjs
  gnome-desktop-testing
  graphviz
  libclang-rt-14-dev
  libdnnl-dev
  libgdk-pixbuf-2.0-dev
  librsvg2-common
  man-db
  mandoc
  mypy
  python3-jsonschema
  python3-numpy
  python3-torch
  valac
  valgrind
  xdotool
  xvfb
  zsh
)

# What tests/run needs for its phase cross alone.
packages_cross=(
  gcc-aarch64-linux-gnu
  libc6-dev-arm64-cross
  qemu-user
)

# install_packages PACKAGE...: installs those that are missing, and asks for no
# rights if none is.
install_packages ()
{
  local missing=() package as_root=()

  if ! command -v dpkg-query > /dev/null; then
    echo "This is not Debian: make sure to have what these packages hold: $*" >&2
    return 0
  fi

  for package; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return 0
  fi

  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
      echo "These packages are missing, and there is no sudo to install them: ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends \
    -o DPkg::Lock::Timeout=300 \
    "${missing[@]}" > /dev/null
}
