import EpollLoop

print("usage: loop-bench tasks | offload | timers")
