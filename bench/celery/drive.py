"""Sends tasks: drive.py steady RATE SECONDS, drive.py burst N, drive.py effects N. Prints JSON."""
import json
import sys
import time

from tasks import effect, probe

what, args = sys.argv[1], [float(a) for a in sys.argv[2:]]
if what == "steady":
    rate, seconds = args
    begun, results = time.time(), []
    for n in range(int(rate * seconds)):
        time.sleep(max(0, begun + n / rate - time.time()))
        results.append(probe.delay(time.time()))
    print(json.dumps([r.get(timeout=60) for r in results]))
elif what == "burst":
    begun = time.time()
    results = [probe.delay(time.time()) for _ in range(int(args[0]))]
    for r in results:
        r.get(timeout=120)
    print(json.dumps(time.time() - begun))
else:
    for n in range(int(args[0])):
        effect.delay(n)
    print("0")
