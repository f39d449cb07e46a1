"""The service broken on purpose: processes killed and frozen, databases stopped, disks filled; and what must still hold."""
