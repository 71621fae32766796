/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU calls on a listener (QEMU's ui/dbus-display1.xml; QEMU 7.2 does not know the second).
 */
#pragma once

static const char listener_xml[] =
    "<node>"
    "<interface name='org.qemu.Display1.Listener'>"
    "<method name='Scanout'><arg type='u' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='u' direction='in'/><arg type='ay' direction='in'/>"
    "</method>"
    "<method name='Update'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='ay' direction='in'/></method>"
    "<method name='Disable'/>"
    "<method name='MouseSet'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/></method>"
    "<method name='CursorDefine'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='ay' direction='in'/>"
    "</method>"
    "<property name='Interfaces' type='as' access='read'/>"
    "</interface>"
    "<interface name='org.qemu.Display1.Listener.Unix.Map'>"
    "<method name='ScanoutMap'><arg type='h' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='u' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/></method>"
    "<method name='UpdateMap'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/></method>"
    "</interface>"
    "</node>";
