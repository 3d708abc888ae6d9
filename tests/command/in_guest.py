# SPDX-License-Identifier: GPL-2.0
"""Runs each subcommand of the command contigmem beside the real module; in a guest, as root.

usage: in_guest.py [--record DIR]
    --record: also copies the module's files, for tests/command/recorded

Run by tests/guest/command.sh. The module is not loaded when it begins; prints a line for each test.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import traceback
import xml.etree.ElementTree
from pathlib import Path

DEBUGFS = Path("/sys/kernel/debug/contigmem")
COMMAND = Path("contigmem").resolve()
PARTITION = "frames:4M,cache=wc"


def load_command():
    loader = importlib.machinery.SourceFileLoader("contigmem", str(COMMAND))
    spec = importlib.util.spec_from_loader("contigmem", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
contigmem = load_command()


def run(*words):
    """Exit status, output and errors of the command, in this process: Python starts slowly here."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = contigmem.main(list(words))
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), err.getvalue()


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} instead of {wanted!r}")


def contains(what, text, *words):
    for word in words:
        if word not in text:
            raise AssertionError(f"{what}: no {word!r} in {text!r}")


def data(*words):
    status, out, err = run(*words, "--json")
    if status not in (0, 1):
        raise AssertionError(f"{' '.join(words)}: status {status}: {err}")
    return json.loads(out)


def lines(name):
    return [line for line in (DEBUGFS / name).read_text().splitlines() if not line.startswith("#")]


def has(name):
    return (DEBUGFS / name).exists()


def test_without_module():
    for words in (["list"], ["stats"], ["alloc", "4K"], ["explain", "4K"], ["top", "--count", "1"]):
        status, out, err = run(*words)
        expect(words[0], (status, out), (contigmem.EXIT_MISSING, ""))
        contains(words[0], err, "not loaded", "insmod")
    status, out, _ = run("map")
    expect("map", status, 0)
    contains("map", out, "zone", "free", "not loaded")
    subprocess.run(["insmod", "contigmem.ko", "partition=" + PARTITION], check=True)


def test_as_a_program():
    """As a user starts it: the first line, the modes, and a wrong word."""
    done = subprocess.run([str(COMMAND), "stats"], capture_output=True, text=True, check=False)
    expect("status", (done.returncode, done.stderr), (0, ""))
    contains("stats", done.stdout, "buddy", "partition")
    done = subprocess.run([str(COMMAND), "dance"], capture_output=True, text=True, check=False)
    expect("status of a wrong word", done.returncode, contigmem.EXIT_USAGE)


def test_not_root():
    words = [sys.executable, str(COMMAND), "list"]
    script = f"import os; os.setuid(65534); os.execv({sys.executable!r}, {words!r})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    expect("status", done.returncode, contigmem.EXIT_MISSING)
    contains("not root", done.stderr, "root", "sudo")


def test_no_debugfs():
    subprocess.run(["umount", "/sys/kernel/debug"], check=True)
    try:
        status, _, err = run("list")
    finally:
        subprocess.run(["mount", "-t", "debugfs", "debugfs", "/sys/kernel/debug"], check=True)
    expect("status", status, contigmem.EXIT_MISSING)
    contains("no debugfs", err, "debugfs is not mounted", "mount -t debugfs")


def test_alloc_and_list():
    status, out, err = run("alloc", "64K", "high=4G-1", "boundary=64K", "tag=Demo")
    expect("status", (status, err), (0, ""))
    number = re.search(r"block (\d+): 64 KiB at 0x", out).group(1)
    block = data("alloc", "size=2M", "cache=wc", "partition=frames", "tag=Fram")
    expect("partition", (block["ok"], block["cache"], block["source"]), (True, "wc", "partition"))
    rows = data("list")
    expect("blocks", len(rows), len(lines("blocks")))
    row = [row for row in rows if row["id"] == block["id"]][0]
    expect("the block", (row["first"], row["size"], row["tag"]), (block["first"], 2 << 20, "Fram"))
    expect("by tag", [str(row["id"]) for row in data("list", "tag=Demo")], [number])
    contains("list", run("list")[1], "Demo", "64 KiB", "2 blocks")


def test_refusals():
    status, out, _ = run("alloc", "64K", "low=0xa0000", "high=0xfffff")
    expect("status", status, contigmem.EXIT_REFUSED)
    contains("alloc", out, "refused: ERANGE: this machine has no memory there")
    status, out, _ = run("alloc", "4K", "align=3")
    expect("status of a malformed request", status, contigmem.EXIT_USAGE)
    contains("alloc", out, "align is not a power of two")
    rows = data("failures")
    expect("failures", len(rows), len(lines("failures")))
    # A malformed number is no request.
    contains(
        "failures", " ".join(row["request"] for row in rows), "size=65536 low=0xa0000 high=0xfffff"
    )
    contains("failures", run("failures")[1], "ERANGE", "size=65536 low=0xa0000")


def test_tables():
    for name, words in (("tags", "Demo"), ("partitions", "frames")):
        expect(name, len(data(name)), len(lines(name)))
        contains(name, run(name)[1], words)
    stats = data("stats")
    expect(
        "sources",
        list(stats["sources"]),
        [
            line.split()[0]
            for line in lines("stats")
            if line.count(" ") == 5 and not line.startswith("arenas")
        ],
    )
    expect("partition", stats["sources"]["partition"]["hits"] >= 1, True)
    contains("stats", run("stats")[1], "memory in arenas")
    arenas = contigmem.read_arenas((DEBUGFS / "arenas").read_text())
    for row in arenas:
        expect("size", row["last"] + 1 - row["first"], row["size"])
    for block in data("list"):
        if block["source"] in ("arena", "partition"):
            inside = [
                row
                for row in arenas
                if row["first"] <= block["first"] and block["last"] <= row["last"]
            ]
            expect("arenas of a block", len(inside), 1)
            expect("cache type", inside[0]["cache"], block["cache"])


def test_map():
    drawn = data("map")
    rows = data("list")
    shown = {tag: size for zone in drawn["zones"] for tag, size in zone["total"]["tags"].items()}
    wanted = {}
    for row in rows:
        wanted[row["tag"]] = wanted.get(row["tag"], 0) + row["size"]
    expect("bytes by tag", shown, wanted)
    free = sum(zone["total"]["kinds"].get("free", 0) for zone in drawn["zones"])
    meminfo = dict(re.findall(r"(\w+): +(\d+) kB", Path("/proc/meminfo").read_text()))
    wanted = int(meminfo["MemFree"]) - int(meminfo.get("CmaFree", 0)) << 10
    # Others allocate and free meanwhile.
    if not 0.9 < free / wanted < 1.1:
        raise AssertionError(f"free: {free >> 10} KiB instead of {wanted >> 10} KiB")
    total = sum(
        sum(zone["total"]["kinds"].values()) + sum(zone["total"]["tags"].values())
        for zone in drawn["zones"]
    )
    if total < int(meminfo["MemTotal"]) << 10:
        raise AssertionError(f"all of it: {total >> 10} KiB, MemTotal {meminfo['MemTotal']} kB")
    areas = contigmem.read_cma_areas(contigmem.Machine())
    expect(
        "CMA",
        sum(zone["total"]["kinds"].get("cma", 0) for zone in drawn["zones"]),
        sum(end - start for start, end in areas) * 4096,
    )
    status, out, err = run("map", "--width", "80")
    expect("map", (status, err), (0, ""))
    contains(
        "map", out, "tag Demo: 1 block, 64 KiB", "tag Fram", "kept by contigmem", "longest free run"
    )
    longest = max(map(len, out.splitlines()))
    expect("width", longest <= 80, True)
    # Zoomed to a block, nothing but the block.
    block = data("list", "tag=Fram")[0]
    zoomed = data("map", f"low={block['first']:#x}", f"high={block['last']:#x}")
    expect("zoom", zoomed["zones"][0]["total"], {"kinds": {}, "tags": {"Fram": 2 << 20}})
    expect("svg", run("map", "--svg", "/tmp/map.svg")[0], 0)
    xml.etree.ElementTree.parse("/tmp/map.svg")


def test_map_of_offline_memory():
    folder = Path("/sys/devices/system/memory")
    for block in sorted(folder.glob("memory*"), key=lambda path: -int(path.name[6:])):
        try:
            (block / "state").write_text("offline")
        except OSError:
            continue
        break
    else:
        return "no memory can go offline"
    try:
        size = int((folder / "block_size_bytes").read_text(), 16)
        drawn = data("map")
    finally:
        (block / "state").write_text("online")
    offline = [zone for zone in drawn["zones"] if zone["zone"] == "offline"]
    expect("offline", [zone["total"]["kinds"] for zone in offline], [{"offline": size}])
    expect("its address", offline[0]["first"], int(block.name[6:]) * size)
    return None


def test_page():
    block = data("list", "tag=Demo")[0]
    page = data("page", f"{block['first'] + 4096:#x}")[0]
    expect("a block's page", (page["kind"], page["block"]["id"]), ("block", block["id"]))
    contains("page", run("page", f"{block['first']:#x}")[1], f"block {block['id']}, tag Demo")
    code = re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel code", Path("/proc/iomem").read_text()).group(
        1
    )
    page = data("page", "0x" + code)[0]
    expect("the kernel's code", (page["kind"], page["iomem"]), ("kernel", "Kernel code"))
    if (
        not Path("/sys/kernel/debug/page_owner").exists()
        or "page_owner=on" not in Path("/proc/cmdline").read_text()
    ):
        return "no page_owner"
    # Of each thousandth page, page_owner's own list is right.
    records = {}
    text = subprocess.run(
        ["cat", "/sys/kernel/debug/page_owner"], capture_output=True, check=False
    ).stdout.decode(errors="replace")
    for record in text.split("\n\n"):
        found = contigmem.parse_page_owner(record)
        if found:
            records[found["pfn"]] = found
    if len(records) < 1000:
        raise AssertionError(f"{len(records)} records of page_owner are understood")
    same = looked = 0
    for pfn, record in list(records.items())[:: max(1, len(records) // 50)]:
        looked += 1
        found = contigmem.page_owner(contigmem.Machine(), pfn + (1 << record["order"]) - 1)
        same += found is not None and (found["pfn"], found["ns"]) == (pfn, record["ns"])
    # Others allocate and free at the same time.
    if same < looked * 0.8:
        raise AssertionError(f"the owner of {same} of {looked} pages is right")
    return None


def test_top():
    stop = threading.Event()

    def work():
        while not stop.is_set():
            answer = contigmem.parse_alloc(contigmem.Machine().ask("alloc", "size=16K tag=Busy"))
            (DEBUGFS / "free").write_text(f"id={answer['id']}")
            time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        status, out, err = run("top", "--count", "2", "--interval", "2", "--json")
        text = run("top", "--count", "1", "--interval", "1", "--width", "80")[1]
    finally:
        stop.set()
        thread.join()
    expect("top", (status, err), (0, ""))
    looks = [json.loads(line) for line in out.splitlines()]
    expect("looks", len(looks), 2)
    if not looks[1]["allocations"] > 0:
        raise AssertionError(f"no allocations: {looks[1]}")
    contains("top", text, "Busy", "longest free run", "SERVED/S")
    if Path("/sys/kernel/tracing/events/contigmem/contigmem_alloc").exists():
        expect("times", sum(looks[1]["latency_ns"].values()) > 0, True)
    left = [
        path
        for path in ("/sys/kernel/tracing/instances", "/sys/kernel/debug/tracing/instances")
        if os.path.isdir(path) and any(name.startswith("contigmem") for name in os.listdir(path))
    ]
    expect("trace instances left", left, [])


def test_watch_failures():
    def work():
        for _ in range(3):
            contigmem.Machine().ask("alloc", "size=8K low=0xa0000 high=0xfffff")
            time.sleep(0.3)

    thread = threading.Timer(1.5, work)
    thread.start()
    status, out, _ = run(
        "watch-failures", "--count", "3", "--seconds", "60", "--interval", "0.5", "--json"
    )
    thread.join()
    expect("status", status, contigmem.EXIT_REFUSED)
    seen = [json.loads(line) for line in out.splitlines()]
    expect("seen", [row["request"] for row in seen], ["size=8192 low=0xa0000 high=0xfffff"] * 3)
    expect("quiet", run("watch-failures", "--seconds", "2")[:2], (0, ""))


def test_explain():
    if not has("explain"):
        status, _, err = run("explain", "64K")
        expect("status", status, contigmem.EXIT_MISSING)
        contains("explain", err, "has no file 'explain'")
        return "this module has no file 'explain'"
    answer = data("explain", "64K", "high=4G-1")
    expect("served", answer["served"], True)
    expect("status", run("explain", "64K")[0], 0)
    status, out, _ = run("explain", "64K", "low=0xa0000", "high=0xfffff")
    expect("status", status, contigmem.EXIT_REFUSED)
    contains("explain", out, "it would be refused: ERANGE: this machine has no memory there")
    expect(
        "status of a malformed request", run("explain", "4K", "align=3")[0], contigmem.EXIT_USAGE
    )
    return None


def test_largest():
    if not has("largest"):
        status, _, err = run("largest")
        expect("status", status, contigmem.EXIT_MISSING)
        contains("largest", err, "has no file 'largest'")
        return "this module has no file 'largest'"
    answer = data("largest", "high=4G-1")
    expect("order", 0 < answer["free"] <= answer["moving"], True)
    contains("largest", run("largest")[1], "free now: ", "with pages moved away: ")
    return None


def test_record():
    if len(sys.argv) != 3:
        return "not asked for"
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("blocks", "tags", "partitions", "failures", "stats", "arenas", "memory"):
        shutil.copyfile(DEBUGFS / name, folder / name)
    for number, words in enumerate(("size=64K high=4G-1", "size=64K low=0xa0000 high=0xfffff")):
        if has("explain"):
            (folder / f"explain-{number}").write_text(contigmem.Machine().ask("explain", words))
    return None


def test_free():
    block = data("list", "tag=Demo")[0]
    status, out, _ = run("free", str(block["id"]))
    expect("free", (status, out), (0, f"freed: id={block['id']}\n"))
    expect("gone", data("list", "tag=Demo"), [])
    status, _, err = run("free", str(block["id"]))
    expect("status of a second free", status, contigmem.EXIT_REFUSED)
    contains("free", err, "made no such block")
    expect("free all", run("free", "all", "--json")[0], 0)
    expect("all gone", data("list"), [])


def test_lockdown():
    """Last: the lockdown cannot be taken back."""
    folder = Path("/sys/kernel/security")
    if not (folder / "lockdown").exists():
        subprocess.run(
            ["mount", "-t", "securityfs", "none", str(folder)], capture_output=True, check=False
        )
    if not (folder / "lockdown").exists():
        return "this kernel has no lockdown"
    (folder / "lockdown").write_text("integrity")
    status, _, err = run("alloc", "4K")
    expect("status", status, contigmem.EXIT_MISSING)
    contains("alloc", err, "lockdown (integrity)")
    expect("list", run("list")[0], 0)
    expect("map", run("map")[0], 0)
    return None


def main():
    failed = 0
    tests = [
        (name[5:], function) for name, function in globals().items() if name.startswith("test_")
    ]
    print(f"1..{len(tests)}")
    for number, (name, function) in enumerate(tests, 1):
        start = time.monotonic()
        try:
            skipped = function()
        except Exception:
            failed += 1
            print(f"not ok {number} {name}", flush=True)
            print("  " + traceback.format_exc().replace("\n", "\n  ").rstrip())
        else:
            print(
                f"ok {number} {name}"
                + (f" # SKIP {skipped}" if skipped else f" # {time.monotonic() - start:.1f} s"),
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
