# consoled: the administrators' page.
PROGRAMS += consoled
consoled_MAIN := console/consoled.c
consoled_LIBS := console common
consoled_PKG := gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl

# The command line, `qvmi up` among it.
PROGRAMS += qvmi
qvmi_MAIN := console/qvmi.c
qvmi_LIBS := console common
qvmi_PKG := gio-unix-2.0 json-glib-1.0 libcurl openssl
