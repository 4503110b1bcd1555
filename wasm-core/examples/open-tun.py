"""open-tun.py DEVICE DESCRIPTOR COMMAND...: opens a TUN device and becomes the command, which has it as that descriptor.

Node can read and write a TUN device, but not open one: that takes an ioctl.
"""

import fcntl
import os
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000  # bare IP packets, without a word in front

device, descriptor, *command = sys.argv[1:]
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
os.dup2(tun, int(descriptor))
os.set_inheritable(int(descriptor), True)
os.execvp(command[0], command)
