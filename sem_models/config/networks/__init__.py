"""Settings of every network and what an application must know about it; one file each, without torch."""
