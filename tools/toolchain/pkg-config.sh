#!/bin/sh
# Stands in for pkg-config while Go builds: prints the flags that the environment names, whatever library is asked for.
case " $* " in
*" --cflags "*) echo "$OAP_PKG_CFLAGS" ;;
*" --libs "*) echo "$OAP_PKG_LIBS" ;;
esac
