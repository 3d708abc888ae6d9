# SPDX-License-Identifier: GPL-2.0
"""Tests of scripts/contigmem over files: recorded ones in recorded/, and a machine made here.

Run by `make lint`: python3 -B -m unittest discover -s tests/command
"""

import array
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded"


def load_command(path):
    loader = importlib.machinery.SourceFileLoader("contigmem", str(path))
    spec = importlib.util.spec_from_loader("contigmem", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


contigmem = load_command(HERE.parent.parent / "scripts" / "contigmem")
MIB = 1 << 20
PAGES = MIB // 4096
FREE, LRU, SLAB = (contigmem.FLAG[name] for name in ("buddy", "lru", "slab"))


def run(*arguments):
    """The command's exit status, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = contigmem.main(list(arguments))
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), err.getvalue()


class Copy:
    """A folder with the files of a machine: node 0 has DMA32 below 48 MiB with a hole of 8 MiB, node 1
    has Normal from 64 to 128 MiB, of which the last 32 MiB are offline."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.flags = array.array("Q", [contigmem.FLAG["nopage"]]) * (128 * PAGES)
        self.write("/proc/mounts", "debugfs /sys/kernel/debug debugfs rw 0 0\n")
        self.write("/proc/filesystems", "nodev\tdebugfs\n")
        self.write(
            "/proc/iomem",
            "00001000-01ffffff : System RAM\n  00100000-001fffff : Kernel code\n"
            "02800000-02ffffff : System RAM\n04000000-07ffffff : System RAM\n",
        )
        self.write(
            "/proc/zoneinfo",
            zone_text(0, "DMA32", 1, 48 * PAGES - 1, 40 * PAGES - 1, 4 * PAGES)
            + zone_text(1, "Normal", 64 * PAGES, 32 * PAGES, 32 * PAGES, 0),
        )
        self.write("/sys/devices/system/memory/block_size_bytes", "2000000\n")
        for number, node, state, zone in (
            (0, 0, "online", "none"),
            (1, 0, "online", "DMA32"),
            (2, 1, "online", "Normal"),
            (3, 1, "offline", "Normal"),
        ):
            name = f"memory{number}"
            folder = f"/sys/devices/system/memory/{name}"
            self.write(folder + "/phys_index", f"{number:08x}\n")
            self.write(folder + "/state", state + "\n")
            self.write(folder + "/valid_zones", zone + "\n")
            self.write(f"/sys/devices/system/node/node{node}/{name}/state", state + "\n")
        self.write("/sys/kernel/debug/cma/area/base_pfn", f"{16 * PAGES}\n")
        self.write("/sys/kernel/debug/cma/area/count", f"{4 * PAGES}\n")
        self.fill(0, 32, FREE)
        self.fill(40, 48, FREE)
        self.fill(64, 96, FREE)

    def write(self, name, text):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def own(self, name, text):
        self.write("/sys/module/contigmem/version", "0.1.0\n")
        self.write("/sys/kernel/debug/contigmem/" + name, text)

    def fill(self, start, end, flags):
        """Pages from START to END, in MiB."""
        start, end = int(start * PAGES), int(end * PAGES)
        self.flags[start:end] = array.array("Q", [flags]) * (end - start)

    def run(self, *arguments):
        (self.root / "proc/kpageflags").write_bytes(self.flags.tobytes())
        (self.root / "proc/kpagecount").write_bytes(bytes(len(self.flags) * 8))
        return run(arguments[0], "--root", str(self.root), *arguments[1:])

    def json(self, *arguments):
        status, out, err = self.run(*arguments, "--json")
        assert status in (0, 1), err
        return json.loads(out)


def zone_text(node, zone, start, spanned, present, cma):
    return (
        f"Node {node}, zone {zone:>8}\n  per-node stats\n      nr_free_pages 7\n  pages free     5\n"
        f"        boost    0\n        min      1\n        spanned  {spanned}\n        present  {present}\n"
        f"        managed  {present}\n        cma      {cma}\n  start_pfn:           {start}\n"
    )


BLOCKS = """# id tag phys size node cache source caller age
1 Demo 0x200000-0x20ffff 65536 0 cached range alloc_line+0x12e/0x2f0 [contigmem] 0.296s
3 ---- 0x4000000-0x41fffff 2097152 1 wc partition my_probe+0x12/0x80 [my] 4000.243s freed users=2
"""
FAILURES = """# age caller: request gfp: error
0.331s alloc_line+0x12e/0x2f0 [contigmem]: size=2097152 tag=Demo gfp=GFP_KERNEL: error -28 ENOSPC: the tag's limit is reached; windows=0 frames_read=0 attempts=0 largest_free=0
0.002s ring_probe+0x1/0x2 [nic]: size=65536 high=0xffffff boundary=0x10000 gfp=GFP_KERNEL|GFP_DMA: error -16 EBUSY: every window has a page that cannot be moved; windows=3 frames_read=2048 attempts=1 largest_free=16 blocker=0x1234 (slab page)
"""
STATS = """# source tries hits frames_read migrated attempts
arena 3 1 0 0 0
range 3 3 20 4 3
frames_leaked 0
frames_reserved 512
magazines frames 16 hits 7
arenas 3 frames 3072 idle 1024
"""


class Words(unittest.TestCase):
    def test_bytes(self):
        for text, value in (
            ("65536", 65536),
            ("0x10000", 65536),
            ("64K", 65536),
            ("64k", 65536),
            ("16M-1", 16 * MIB - 1),
            ("4G", 4 << 30),
            ("010", 10),
            ("0x10K", 16384),
        ):
            self.assertEqual(contigmem.parse_bytes(text), value, text)
        for text in ("", "K", "64Q", "-1", "0x", "64K-2", "1.5M"):
            with self.assertRaises(contigmem.Trouble, msg=text):
                contigmem.parse_bytes(text)

    def test_sizes(self):
        for value, text in (
            (0, "0 B"),
            (4096, "4 KiB"),
            (1536, "1.5 KiB"),
            (3 << 29, "1.5 GiB"),
            (1 << 40, "1 TiB"),
        ):
            self.assertEqual(contigmem.size_text(value), text)

    def test_wrapped_lines_fit(self):
        words = ["a" * (i * 7 % 11 + 1) for i in range(60)]
        for width in range(14, 40):
            for indent in (0, 2):
                for separator in (" ", ", "):
                    lines = contigmem.wrap(words, width, indent, separator)
                    self.assertLessEqual(max(map(len, lines)), width)
                    self.assertEqual(" ".join(lines).replace(",", "").split(), words)

    def test_requests(self):
        self.assertEqual(contigmem.request_line(["64K", "high=16M-1"]), "size=64K high=16M-1")
        self.assertEqual(
            contigmem.request_line(["strict", "size=1M", "node=1"]), "strict size=1M node=1"
        )
        self.assertEqual(contigmem.request_line(["low=1M"], need_size=False), "low=1M")
        for words, need in (
            ([], True),
            (["colour=red"], True),
            (["low=4G"], True),
            (["64K"], False),
        ):
            with self.assertRaises(contigmem.Trouble) as caught:
                contigmem.request_line(words, need)
            self.assertEqual(caught.exception.status, contigmem.EXIT_USAGE)

    def test_keys_are_the_modules(self):
        source = (HERE.parent.parent / "src/parse.c").read_text(encoding="utf-8")
        keys = re.findall(r'\[KEY_\w+\] = "(\w+)"', source)
        self.assertEqual(sorted(keys), sorted(contigmem.REQUEST_KEYS))

    def test_page_flags_are_the_kernels(self):
        self.assertEqual(
            [contigmem.PAGE_FLAGS[bit] for bit in (5, 7, 10, 12, 20, 23, 26)],
            ["lru", "slab", "buddy", "anonymous", "nopage", "offline", "page_table"],
        )

    def test_kinds_of_pages(self):
        flag = contigmem.FLAG
        for flags, kind in (
            (flag["buddy"], "free"),
            (flag["lru"] | flag["mmap"], "movable"),
            (flag["slab"], "kernel"),
            (0, "kernel"),
            (flag["mmap"], "kernel"),
            (flag["anonymous"], "movable"),
            (flag["huge"], "movable"),
            (flag["nopage"], "hole"),
            (flag["hwpoison"] | flag["lru"], "bad"),
            (flag["offline"], "offline"),
            (flag["thp"] | flag["zero_page"], "kernel"),
        ):
            self.assertEqual(contigmem.page_kind(flags), kind, contigmem.flags_text(flags))


class Ranges(unittest.TestCase):
    def test_operations_agree_with_sets(self):
        def frames(ranges):
            return {frame for start, end in ranges for frame in range(start, end)}

        def from_bits(bits):
            return contigmem.merge((i, i + 1) for i in range(7) if bits >> i & 1)

        for first in range(128):
            for second in range(0, 128, 5):
                ours, others = from_bits(first), from_bits(second)
                self.assertEqual(
                    frames(contigmem.intersect(ours, others)), frames(ours) & frames(others)
                )
                self.assertEqual(
                    frames(contigmem.subtract(ours, others)), frames(ours) - frames(others)
                )

    def test_overlay(self):
        overlay = contigmem.Overlay()
        overlay.add([(10, 20)], "block")
        overlay.add([(5, 15), (18, 30)], "kept")
        self.assertEqual(
            list(overlay.split(0, 40)),
            [(0, 5, None), (5, 10, "kept"), (10, 20, "block"), (20, 30, "kept"), (30, 40, None)],
        )
        self.assertEqual(list(overlay.split(12, 14)), [(12, 14, "block")])
        self.assertEqual(list(overlay.split(31, 32)), [(31, 32, None)])


class Files(unittest.TestCase):
    def setUp(self):
        self.copy = Copy()
        self.addCleanup(self.copy.folder.cleanup)

    def test_list(self):
        self.copy.own("blocks", BLOCKS)
        rows = self.copy.json("list")
        self.assertEqual(
            rows[1],
            {
                "id": 3,
                "tag": "----",
                "first": 0x4000000,
                "last": 0x41FFFFF,
                "size": 2 * MIB,
                "node": 1,
                "cache": "wc",
                "source": "partition",
                "caller": "my_probe+0x12/0x80 [my]",
                "age_s": 4000.243,
                "freed": True,
                "users": 2,
            },
        )
        status, out, _ = self.copy.run("list")
        self.assertEqual(status, 0)
        self.assertIn("freed 2 users", out)
        self.assertIn("2 blocks, 2.1 MiB", out)
        for word, ids in (
            ("tag=Demo", [1]),
            ("node=1", [3]),
            ("low=4M", [3]),
            ("high=3M", [1]),
            ("low=0x20ffff", [1, 3]),
        ):
            self.assertEqual([row["id"] for row in self.copy.json("list", word)], ids, word)
        self.assertEqual(self.copy.run("list", "size=4")[0], contigmem.EXIT_USAGE)

    def test_tags(self):
        self.copy.own(
            "tags",
            "# tag blocks bytes peak total failures limit\nDemo 1 65536 131072 9 2 4194304\nothers 0 0 0 1 1 0\n",
        )
        self.assertEqual(
            self.copy.json("tags")[0],
            {
                "tag": "Demo",
                "blocks": 1,
                "bytes": 65536,
                "peak": 131072,
                "total": 9,
                "failures": 2,
                "limit": 4194304,
            },
        )
        self.assertIn("4 MiB", self.copy.run("tags")[1])

    def test_partitions(self):
        self.copy.own(
            "partitions",
            "# name phys size free node cache blocks peak failures handles\n"
            "frames 0x4000000-0x47fffff 8388608 8323072 1 wc 1 1 2 0\narea - - - - cma 0 3 0 1\n",
        )
        rows = self.copy.json("partitions")
        self.assertEqual(
            (rows[0]["size"], rows[0]["free"], rows[0]["first"]), (8388608, 8323072, 0x4000000)
        )
        self.assertEqual(
            (rows[1]["size"], rows[1]["node"], rows[1]["cache"], rows[1]["peak"]),
            (None, None, "cma", 3),
        )
        self.assertIn("closed", self.copy.run("partitions")[1])

    def test_stats(self):
        self.copy.own("stats", STATS)
        stats = self.copy.json("stats")
        self.assertEqual(
            stats["sources"]["range"],
            {"tries": 3, "hits": 3, "frames_read": 20, "migrated": 4, "attempts": 3},
        )
        self.assertEqual(
            (stats["arenas"], stats["arena_frames"], stats["arena_idle"], stats["frames_reserved"]),
            (3, 3072, 1024, 512),
        )
        self.assertEqual((stats["magazine_frames"], stats["magazine_hits"]), (16, 7))
        self.assertIn("memory in arenas: 12 MiB", self.copy.run("stats")[1])

    def test_failures(self):
        self.copy.own("failures", FAILURES)
        rows = self.copy.json("failures")
        self.assertEqual(rows[1]["blocker"], 0x1234000)
        self.assertEqual(rows[1]["blocker_kind"], "slab page")
        self.assertEqual(
            (rows[1]["errno"], rows[1]["error"], rows[1]["windows"], rows[1]["largest_free"]),
            (16, "EBUSY", 3, 16),
        )
        self.assertEqual(rows[1]["request"], "size=65536 high=0xffffff boundary=0x10000")
        self.assertEqual(rows[0]["reason"], "the tag's limit is reached")
        out = self.copy.run("failures")[1]
        self.assertIn("in the way: slab page at 0x1234000", out)
        self.assertIn("longest free run 64 KiB", out)

    def test_empty_files(self):
        for name, words in (
            ("blocks", "list"),
            ("tags", "tags"),
            ("partitions", "partitions"),
            ("failures", "failures"),
        ):
            self.copy.own(name, "# head\n")
            status, out, _ = self.copy.run(words)
            self.assertEqual(status, 0)
            self.assertTrue(out.startswith("no "), out)
            self.assertEqual(self.copy.json(words), [])

    def test_a_line_of_another_release(self):
        self.copy.own("blocks", "# id\n1 Demo somewhere\n")
        status, _, err = self.copy.run("list")
        self.assertEqual(status, contigmem.EXIT_BROKEN)
        self.assertIn("1 Demo somewhere", err)

    def test_recorded(self):
        """Each folder in recorded/ has the files of a real guest: all of it is understood."""
        folders = sorted(path for path in RECORDED.iterdir() if path.is_dir())
        self.assertTrue(folders)
        for folder in folders:
            for name in ("blocks", "tags", "partitions", "failures", "stats", "arenas"):
                text = (folder / name).read_text(encoding="utf-8")
                self.copy.own(name, text)
                lines = sum(not line.startswith("#") for line in text.splitlines())
                if name in ("blocks", "tags", "partitions", "failures"):
                    command = {"blocks": "list"}.get(name, name)
                    self.assertEqual(len(self.copy.json(command)), lines, f"{folder.name}: {name}")
                elif name == "arenas":
                    self.assertEqual(len(contigmem.read_arenas(text)), lines)
                else:
                    self.assertEqual(self.copy.run("stats")[0], 0)
            for file in sorted(folder.glob("explain*")):
                answer = contigmem.parse_explain(file.read_text(encoding="utf-8"))
                self.assertIn(answer["served"], (True, False))


class Missing(unittest.TestCase):
    def setUp(self):
        self.copy = Copy()
        self.addCleanup(self.copy.folder.cleanup)

    def says(self, *words):
        status, out, err = self.copy.run("list")
        self.assertEqual((status, out), (contigmem.EXIT_MISSING, ""))
        for word in words:
            self.assertIn(word, err)

    def test_module(self):
        self.says("not loaded", "modprobe contigmem")

    def test_debugfs_is_not_mounted(self):
        self.copy.own("memory", "")
        self.copy.write("/proc/mounts", "proc /proc proc rw 0 0\n")
        self.says("debugfs is not mounted", "mount -t debugfs")

    def test_no_debugfs(self):
        self.copy.own("memory", "")
        self.copy.write("/proc/mounts", "")
        self.copy.write("/proc/filesystems", "nodev\tproc\n")
        self.says("no debugfs", "CONFIG_DEBUG_FS")

    def test_no_folder(self):
        self.copy.write("/sys/module/contigmem/version", "0.1.0\n")
        self.says("no folder /sys/kernel/debug/contigmem")

    def test_old_module(self):
        self.copy.own("memory", "")
        self.says("(version 0.1.0) has no file 'blocks'")

    def test_lockdown(self):
        self.copy.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        trouble = contigmem.Machine(str(self.copy.root)).trouble(
            "alloc", PermissionError(1, "Operation not permitted")
        )
        self.assertIn("lockdown (integrity)", trouble.what)
        self.assertIn("list", trouble.advice)

    def test_copy_takes_no_request(self):
        self.copy.own("alloc", "")
        for words in (("alloc", "4K"), ("free", "1"), ("explain", "4K"), ("largest",)):
            self.assertEqual(self.copy.run(*words)[0], contigmem.EXIT_USAGE)


class Answers(unittest.TestCase):
    def test_alloc(self):
        answer = contigmem.parse_alloc(
            "ok id=1 virt=000000004f2c7a91 phys=0x200000-0x20ffff size=65536 node=0 "
            "cache=cached source=range\n"
        )
        self.assertEqual(
            (answer["ok"], answer["id"], answer["first"], answer["source"]),
            (True, 1, 0x200000, "range"),
        )
        answer = contigmem.parse_alloc("error -22 EINVAL: unknown key 'colour'\n")
        self.assertEqual((answer["ok"], answer["reason"]), (False, "unknown key 'colour'"))
        self.assertEqual(contigmem.refusal_status(answer), contigmem.EXIT_USAGE)

    def explain(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            plain = run("explain", "--answer", file.name)
            data = json.loads(run("explain", "--answer", file.name, "--json")[1])
        return plain, data

    def test_explain_served(self):
        (status, out, _), data = self.explain(
            "answer=served source=range pages_to_move=12 phys=0x200000-0x3fffff\n"
        )
        self.assertEqual(status, 0)
        self.assertIn("would be served now, by the source range, at 0x200000-0x3fffff", out)
        self.assertIn("48 KiB", out)
        self.assertEqual(
            (data["served"], data["first"], data["pages_to_move"]), (True, 0x200000, 12)
        )

    def test_explain_refused(self):
        (status, out, _), data = self.explain(
            'answer=refused errno=EBUSY reason="every window has a page that cannot be moved" windows=2 '
            "frames_read=9 attempts=0 largest_free=16 blocker=0x234 (slab)\n"
            "window phys=0x200000-0x3fffff in_the_way=1 first=0x234 kind=slab flags=0x200(slab|node=0) owner=pid 1 (init) at 3 s\n"
            "window phys=0x400000-0x5fffff in_the_way=7 first=0x401 kind=page_table flags=0x0\n"
            "help node=1\nhelp high=4G-1\nhelp drop_caches\n"
        )
        self.assertEqual(status, contigmem.EXIT_REFUSED)
        self.assertEqual(data["candidates"][0]["page"], 0x234000)
        self.assertEqual(data["candidates"][0]["owner"], "pid 1 (init) at 3 s")
        self.assertEqual(data["help"], ["node=1", "high=4G-1", "drop_caches"])
        self.assertEqual((data["errno"], data["error"]), (16, "EBUSY"))
        self.assertEqual((data["windows"], data["blocker"]), (2, 0x234000))
        for words in (
            "it would be refused: EBUSY: every window has",
            "0x200000-0x3fffff: 1 page in the way",
            "7 pages",
            "at 0x234000: slab",
            "of pid 1 (init)",
            "ask with node=1",
            "ask with high=4G-1",
            "2 candidate ranges, 9 frames read, longest free run 64 KiB",
            "drop the page cache",
        ):
            self.assertIn(words, out)

    def test_explain_malformed(self):
        (status, _, _), _ = self.explain('answer=refused errno=EINVAL reason="low is above high"\n')
        self.assertEqual(status, contigmem.EXIT_USAGE)
        with self.assertRaises(contigmem.Trouble):
            contigmem.parse_explain("")
        with self.assertRaises(contigmem.Trouble):
            contigmem.parse_explain("answer=served source=arena pages_to_move=0\nnonsense\n")

    def test_page_owner(self):
        record = (
            "Page allocated via order 2, mask 0xcc0(GFP_KERNEL), pid 77, tgid 77 (insmod), ts 2500000000 ns\n"
            "PFN 0x1234 type Unmovable Block 9 type Movable Flags 0x200(slab|node=0|zone=1)\n"
            " post_alloc_hook+0x1/0x2\n get_page_from_freelist+0x1/0x2\n __alloc_pages+0x1/0x2\n"
            " ring_probe+0x1/0x2 [nic]\n do_one_initcall+0x5/0x9\n\n"
        )
        owner = contigmem.parse_page_owner(record)
        self.assertEqual(
            (owner["pfn"], owner["order"], owner["pid"], owner["command"]),
            (0x1234, 2, 77, "insmod"),
        )
        text = contigmem.owner_text(owner)
        self.assertTrue(
            text.startswith("pid 77 (insmod) in ring_probe+0x1/0x2 [nic] < do_one_initcall"), text
        )
        self.assertIn("2.5 s after boot, unmovable, 4 pages", text)
        # 6.1 prints the number in decimal, and when the page was freed before.
        old = record.replace("0x1234", "4660").replace(
            "ts 2500000000 ns", "ts 2500000000 ns, free_ts 7 ns"
        )
        self.assertEqual(contigmem.parse_page_owner(old)["pfn"], 0x1234)
        self.assertIsNone(contigmem.parse_page_owner("nothing"))


class Watching(unittest.TestCase):
    def record(self, age, request="size=1"):
        return {"age_s": age, "caller": "c", "request": request, "error": "EBUSY"}

    def test_new_failures(self):
        old = [self.record(5), self.record(3)]
        aged = [self.record(6), self.record(4)]
        for before, after, new in (
            ([], [], 0),
            ([], aged, 2),
            (old, aged, 0),
            (old, aged + [self.record(0.5)], 1),
            # The oldest has made place for a new one.
            (old, aged[1:] + [self.record(0.1)], 1),
            # The same request, again and again: only the age tells.
            ([self.record(0.6)], [self.record(1.6), self.record(0.6)], 1),
            # All are new.
            (old, [self.record(0.9), self.record(0.2)], 2),
            (old, [self.record(6, "size=2"), self.record(4)], 2),
        ):
            self.assertEqual(len(contigmem.new_failures(before, after, 1)), new, (before, after))

    def test_rates(self):
        tags = [
            {"tag": "Demo", "blocks": 2, "bytes": 8192, "peak": 8192, "total": 10, "failures": 4}
        ]
        later = [{**tags[0], "total": 30, "failures": 5}]
        machine = contigmem.read_stats(None, STATS)
        moved = contigmem.read_stats(None, STATS.replace("range 3 3 20 4 3", "range 23 13 220 4 5"))
        memory = contigmem.read_memory(
            None, "0 DMA32 0x1000-0xffff 15 9 4\n0 DMA32 0x20000-0x2ffff 16 9 9\n"
        )
        now = contigmem.difference(
            {"at": 1, "stats": machine, "tags": tags, "memory": memory},
            {"at": 3, "stats": moved, "tags": later, "memory": memory},
        )
        self.assertEqual(
            (
                now["allocations"],
                now["refusals"],
                now["sources"]["range"]["tries"],
                now["sources"]["range"]["frames_read"],
                now["sources"]["arena"]["tries"],
            ),
            (10, 0.5, 10, 100, 0),
        )
        self.assertEqual(now["largest_free"], [{"node": 0, "zone": "DMA32", "bytes": 36864}])

    def test_latencies(self):
        latencies = contigmem.Latencies(contigmem.Machine("/nowhere"))
        latencies.add(
            " insmod-1 [000] ..... 1.0: contigmem_alloc: size=4096 ns=1500\n x-1 [0] 2.0: contigmem_fail: ns="
        )
        self.assertEqual(dict(latencies.counts), {10: 1})
        latencies.add("1024 reason=1\n")
        self.assertEqual(dict(latencies.counts), {10: 2})
        self.assertIn(
            "1.02 us to  2.05 us         2 ###",
            "\n".join(contigmem.histogram_text(latencies.counts, 80)),
        )


class TheMap(unittest.TestCase):
    def setUp(self):
        self.copy = Copy()
        self.addCleanup(self.copy.folder.cleanup)

    def lines(self, *arguments):
        status, out, err = self.copy.run("map", "--width", "80", *arguments)
        self.assertEqual(status, 0, err)
        return out.splitlines()

    def row(self, lines, address):
        for line in lines:
            if line.split(" ")[0] == address or line.strip().startswith(address + " "):
                return line.strip()[len(address) + 1 :]
        self.fail(f"no line {address} in\n" + "\n".join(lines))

    def test_zones_holes_and_cma(self):
        lines = self.lines("--rows", "3")
        # 1 MiB a sign: 16 free, 4 CMA, 12 free, 8 without memory, 8 free.
        self.assertEqual(self.row(lines, "0x0"), "." * 16 + "c" * 4 + "." * 12 + " " * 8 + "." * 8)
        self.assertIn("Node 0, zone DMA32: a sign is 1 MiB, a line 64 MiB", lines)
        text = "\n".join(lines)
        self.assertIn("Node 1, zone Normal", text)
        self.assertIn("Node 1, offline memory", text)
        self.assertIn("offline 32 MiB", text)
        self.assertIn("not loaded", text)

    def test_the_sum_is_the_memory(self):
        self.copy.fill(3, 5, LRU)
        self.copy.fill(5, 6, SLAB)
        data = self.copy.json("map", "--rows", "3")
        zones = {zone["zone"]: zone for zone in data["zones"]}
        # Frame 0 is not in the zone.
        self.assertEqual(
            zones["DMA32"]["total"]["kinds"],
            {"free": 33 * MIB - 4096, "movable": 2 * MIB, "kernel": MIB, "cma": 4 * MIB},
        )
        self.assertEqual(zones["Normal"]["total"]["kinds"], {"free": 32 * MIB})
        self.assertEqual(zones["offline"]["total"]["kinds"], {"offline": 32 * MIB})
        for zone in data["zones"]:
            for kind, total in zone["total"]["kinds"].items():
                self.assertEqual(total, sum(cell["kinds"].get(kind, 0) for cell in zone["cells"]))

    def test_signs(self):
        self.copy.fill(1, 2, LRU)
        self.copy.fill(2, 3, SLAB)
        self.copy.fill(3, 3.25, SLAB)
        self.copy.fill(4, 5, LRU)
        self.copy.fill(4, 4.25, SLAB)
        self.copy.fill(5, 5.05, contigmem.FLAG["hwpoison"])
        self.copy.own("blocks", BLOCKS.replace("0x200000-0x20ffff", "0x600000-0x60ffff"))
        self.copy.own(
            "arenas",
            "# head\n0x700000-0x7fffff 1048576 1048576 0 wc\n0x600000-0x6fffff 1048576 983040 0 wc\n",
        )
        lines = self.lines("--rows", "3")
        self.assertTrue(self.row(lines, "0x0").startswith(".mk:%xB+."))
        self.assertTrue(self.row(lines, "0x4000000").startswith("AAAA."))
        text = "\n".join(lines)
        for words in (
            "A tag ----: 1 block, 2 MiB",
            "B tag Demo: 1 block, 64 KiB",
            "+ kept by contigmem",
            "% movable, kernel",
        ):
            self.assertIn(words, text)

    def test_zoom(self):
        self.copy.fill(1, 1.5, SLAB)
        lines = self.lines("low=1M", "high=2M-1")
        self.assertEqual(self.row(lines, "0x100000")[:64], "k" * 64)
        data = self.copy.json("map", "low=1M", "high=2M-1")
        self.assertEqual(data["zones"][0]["cell_bytes"], 4096)
        self.assertEqual(data["zones"][0]["total"]["kinds"], {"free": MIB // 2, "kernel": MIB // 2})
        self.assertEqual(
            [zone["zone"] for zone in self.copy.json("map", "node=1")["zones"]],
            ["Normal", "offline"],
        )
        self.assertEqual(self.copy.run("map", "low=8G")[0], contigmem.EXIT_REFUSED)
        self.assertEqual(self.copy.run("map", "zone=3")[0], contigmem.EXIT_USAGE)

    def test_every_width_fits(self):
        self.copy.own("blocks", BLOCKS)
        self.copy.own(
            "memory",
            "# node zone phys pages free largest_free\n0 DMA32 0x1000-0x1ffffff 8191 5 4\n"
            "0 DMA32 0x2800000-0x2ffffff 2048 9 9\n1 Normal 0x4000000-0x5ffffff 8192 7 7\n",
        )
        for width in (40, 60, 79, 80, 132, 250):
            status, out, err = self.copy.run("map", "--width", str(width))
            self.assertEqual(status, 0, err)
            self.assertLessEqual(max(map(len, out.splitlines())), width)
        self.assertEqual(self.copy.run("map", "--width", "20")[0], contigmem.EXIT_USAGE)

    def test_colour_shows_the_same(self):
        plain = self.copy.run("map", "--width", "80", "--color", "never")[1]
        coloured = self.copy.run("map", "--width", "80", "--color", "always")[1]
        self.assertNotIn("\033", plain)
        stripped = re.sub(r"\033\[[0-9;]*m", "", coloured)
        self.assertEqual([line.rstrip() for line in stripped.splitlines()], plain.splitlines())

    def test_the_module_knows_the_zones(self):
        self.copy.own(
            "memory",
            "# node zone phys pages free largest_free\n1 Normal 0x4000000-0x4ffffff 4096 7 3\n",
        )
        zones = {zone["zone"]: zone for zone in self.copy.json("map")["zones"]}
        self.assertEqual(sum(zones["Normal"]["total"]["kinds"].values()), 16 * MIB)
        self.assertIn("longest free run 12 KiB", self.copy.run("map")[1])

    def test_samples(self):
        self.copy.fill(64, 96, SLAB)
        data = self.copy.json("map", "--pages", str(30 * PAGES))
        zones = {zone["zone"]: zone["total"]["kinds"] for zone in data["zones"]}
        self.assertEqual(zones["Normal"], {"kernel": 32 * MIB})
        self.assertIn("Sampled", data["notes"][-1])

    def test_without_page_flags(self):
        self.copy.run("map")
        os.unlink(self.copy.root / "proc/kpageflags")
        out = run("map", "--root", str(self.copy.root))[1]
        self.assertIn("CONFIG_PROC_PAGE_MONITOR", out)
        self.assertIn("? not known", out)

    def test_svg(self):
        self.copy.own("blocks", BLOCKS.replace("Demo", "A<&>"))
        path = self.copy.root / "map.svg"
        self.assertEqual(self.copy.run("map", "--svg", str(path), "--title", "a & b")[0], 0)
        tree = xml.etree.ElementTree.parse(path).getroot()
        width, height = float(tree.get("width")), float(tree.get("height"))
        texts = []
        for item in tree.iter():
            if item.tag.endswith("rect"):
                self.assertLessEqual(float(item.get("x", 0)) + float(item.get("width")), width)
                self.assertLessEqual(float(item.get("y", 0)) + float(item.get("height")), height)
            if item.tag.endswith("text"):
                texts.append(item.text)
                self.assertLessEqual(float(item.get("y")), height)
        self.assertIn("a & b", texts)
        self.assertTrue(any("tag A<&>: 1 block" in text for text in texts), texts)
        self.assertIn("offline", texts)
        self.assertEqual(
            self.copy.run("map", "--svg", "/nowhere/map.svg")[0], contigmem.EXIT_BROKEN
        )

    def test_page(self):
        self.copy.own("blocks", BLOCKS)
        self.copy.flags[5] = contigmem.FLAG["lru"] | contigmem.FLAG["dirty"]
        pages = self.copy.json("page", "0x5000", "0x200000", "4G")
        self.assertEqual((pages[0]["kind"], pages[0]["flags"]), ("movable", "dirty lru"))
        self.assertEqual((pages[1]["kind"], pages[1]["block"]["id"]), ("block", 1))
        self.assertEqual(pages[2]["kind"], "hole")
        self.assertEqual(self.copy.json("page", "0x100000")[0]["iomem"], "Kernel code")
        self.assertNotIn("iomem", pages[0])
        self.assertIn("block 1, tag Demo", self.copy.run("page", "0x200000")[1])


class CommandLine(unittest.TestCase):
    def test_usage(self):
        for words in (
            (),
            ("dance",),
            ("alloc",),
            ("explain",),
            ("map", "--rows", "0"),
            ("top", "--interval", "-1"),
        ):
            self.assertEqual(run(*words)[0], contigmem.EXIT_USAGE, words)
        self.assertEqual(run("alloc", "64K", "colour=red")[0], contigmem.EXIT_USAGE)

    def test_help_has_examples_and_statuses(self):
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        self.assertIn("examples:", out)
        for number in range(5):
            self.assertRegex(out, rf"(?m)^  {number}  ")

    def complete(self, *words):
        script = (
            'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
            'compopt() { :; }; _contigmem; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        path = HERE.parent.parent / "scripts/contigmem.bash"
        done = subprocess.run(
            ["bash", "-c", script, str(path), "contigmem", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_completion(self):
        self.assertEqual(self.complete("ex"), ["explain"])
        self.assertEqual(self.complete("alloc", "64K", "bound"), ["boundary="])
        self.assertEqual(self.complete("alloc", "64K", "cache", "="), ["cached", "uncached", "wc"])
        self.assertEqual(self.complete("alloc", "cache", "=", "u"), ["uncached"])
        self.assertEqual(self.complete("map", "--sv"), ["--svg"])
        self.assertEqual(self.complete("map", "--color", "n"), ["never"])
        self.assertIn("--interval", self.complete("top", "-"))
        self.assertNotIn("--svg", self.complete("top", "-"))
        self.assertEqual(self.complete("map", "--rows", ""), [])

    def test_the_documents_know_each_command(self):
        top = HERE.parent.parent
        commands = set(
            re.findall(
                r'\badd\(\s*"([a-z-]+)"', (top / "scripts/contigmem").read_text(encoding="utf-8")
            )
        )
        manual = (top / "docs/contigmem.8").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"^\.It Cm ([a-z-]+)", manual, re.M)), commands)
        completion = (top / "scripts/contigmem.bash").read_text(encoding="utf-8")
        words = re.search(r"commands='([^']*)'", completion).group(1).split()
        self.assertEqual(set(words), commands)
        options = set(
            re.findall(
                r'add_argument\(\s*"(--[a-z]+)"',
                (top / "scripts/contigmem").read_text(encoding="utf-8"),
            )
        )
        for option in options:
            self.assertIn(option, completion)
            self.assertIn(".It Fl -" + option[2:], manual)


if __name__ == "__main__":
    unittest.main()
