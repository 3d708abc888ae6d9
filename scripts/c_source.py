# SPDX-License-Identifier: GPL-2.0
"""Reads the module's C files as far as layers and figures need it.

No preprocessor: all branches of an #if are read, and if their braces do not match,
the first alone. Macros of the project are looked through, for the calls in them.
"""

import re
from pathlib import Path

PUBLIC = ("contigmem.h", "contigmem_wdm.h", "contigmem_wdk.h")
NOISE = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*(#)[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\([^)\n]*\))?((?:\\\n|[^\n])*)", re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|->|\d\w*|\S")
KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register return short signed sizeof static struct switch typedef typeof "
    "union unsigned void volatile while".split()
)
PAIRS = {")": "(", "]": "[", "}": "{"}


class Unreadable(Exception):
    """What a file has that this reader cannot follow."""


def spaces(text):
    return re.sub(r"[^\n]", " ", text)


def without_noise(text):
    """The text without comments and what is inside of literals, as long as before."""

    def blank(found):
        part = found[0]
        return part[0] + spaces(part[1:-1]) + part[-1] if part[0] in "\"'" else spaces(part)

    return NOISE.sub(blank, text)


def without_else(plain):
    """The text without all but the first branch of each #if."""
    lines, dropping = [], []
    for line in plain.split("\n"):
        found = re.match(r"\s*#\s*(if|el|endif)", line)
        if found and found[1] == "if":
            dropping.append(False)
        elif found and found[1] == "el" and dropping:
            dropping[-1] = True
        lines.append(spaces(line) if any(dropping) and not found else line)
        if found and found[1] == "endif" and dropping:
            dropping.pop()
    return "\n".join(lines)


def split_arguments(text):
    """At the commas that are in no bracket; none for "void" and nothing."""
    parts, depth, part = [], 0, ""
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    return [] if parts[0].strip() in ("", "void") and len(parts) == 1 else parts


def calls_outside(text):
    """Each name before a bracket that is in no bracket itself: (name, offset of the bracket)."""
    depth, word = 0, None
    for found in TOKEN.finditer(text):
        token = found[0]
        if token in "([{":
            if not depth and token == "(" and word:
                yield word, found.start()
            depth += 1
        elif token in ")]}":
            depth -= 1
        word = token if re.match(r"[A-Za-z_]", token) else None


def function_name(head):
    """Of what stands before a brace, if that is a function's: (name, offset of its bracket)."""
    if re.search(r"=\s*$", head):
        return None
    names = [
        (name, at)
        for name, at in calls_outside(head)
        if name not in KEYWORDS and not name.startswith("__") and re.search("[a-z]", name)
    ]
    return names[0] if names else None


def closing(text, at):
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] in "([{") - (text[end] in ")]}")
        if not depth:
            return end
    return len(text)


class Function:
    """One definition of a function, @body without its braces."""

    def __init__(self, source, head_at, name, bracket, open_at, close_at):
        code = source.code
        head = code[head_at:open_at]
        self.path = source.path
        self.name = name
        self.static = bool(re.search(r"\bstatic\b", head[:bracket]))
        self.line = source.line(head_at + bracket)
        self.body = code[open_at + 1 : close_at]
        self.body_at = open_at + 1
        self.length = source.line(close_at) - source.line(open_at) - 1
        self.parameters = split_arguments(head[bracket + 1 : closing(head, bracket)])
        self.locals = set()
        for parameter in self.parameters:
            names = re.findall(r"\(\s*\*\s*(\w+)", parameter) or re.findall(r"\w+", parameter)
            self.locals.update(names[:1] if "(*" in parameter else names[-1:])
        self.locals.update(declared(self.body))


def declared(body):
    """The names of the local variables, as far as they are declared one after the other."""
    for statement in re.split(r"[;{}]", body):
        found = re.match(
            r"\s*(?:(?:const|static|unsigned|signed|volatile)\s+)*"
            r"(?:(?:struct|union|enum)\s+)?(\w+)((?:\s+|\s*\*\s*)(?:const\s+)?\w.*)$",
            statement,
            re.DOTALL,
        )
        if found and found[1] not in KEYWORDS - {"int", "long", "char", "short", "unsigned"}:
            for part in split_arguments(found[2]):
                name = re.match(r"[\s*]*(?:(?:const|int|long)\b[\s*]*)*(\w+)\b(?!\s*\()", part)
                if name:
                    yield name[1]


class Source:
    """A file: @plain without comments, @code without directives as well."""

    def __init__(self, top, path):
        self.path = path
        self.text = (Path(top) / path).read_text(encoding="utf-8")
        self.plain = without_noise(self.text)
        self.includes = [
            (found[2], self.text.count("\n", 0, found.start(1)) + 1)
            for found in INCLUDE.finditer(self.text)
            if self.plain[found.start(1)] == "#"
        ]
        self.macros = {
            found[1]: found[3].replace("\\\n", "  ") for found in MACRO.finditer(self.plain)
        }
        try:
            self._read(self.plain)
        except Unreadable:
            self._read(without_else(self.plain))

    def line(self, at):
        return self.code.count("\n", 0, at) + 1

    def line_of(self, word):
        """The first line that has a word, 1 if none does."""
        found = re.search(rf"\b{re.escape(word)}\b", self.plain)
        return self.plain.count("\n", 0, found.start()) + 1 if found else 1

    def _read(self, plain):
        self.code = code = DIRECTIVE.sub(lambda found: spaces(found[0]), plain)
        self.functions = []
        self.declarations = []  # (text without what is in braces, offset)
        stack, start, open_at, outside = [], 0, 0, list(code)
        for at, char in enumerate(code):
            if char in "([{":
                if not stack and char == "{":
                    open_at = at
                stack.append(char)
            elif char in ")]}":
                if not stack or stack.pop() != PAIRS[char]:
                    raise Unreadable(f"{self.path}:{self.line(at)}: a {char} that opens nowhere")
                if char == "}" and not stack:
                    outside[open_at + 1 : at] = spaces(code[open_at + 1 : at])
                    name = function_name(code[start:open_at])
                    if name:
                        self.functions.append(Function(self, start, *name, open_at, at))
                        start = at + 1
            elif char == ";" and not stack:
                self.declarations.append(("".join(outside[start:at]), start))
                start = at + 1
        if stack:
            raise Unreadable(f"{self.path}:{self.line(open_at)}: a {stack[-1]} that does not end")

    def variables(self):
        """What is defined at file scope and others can refer to: (name, line)."""
        for text, at in self.declarations:
            left = re.split(r"(?<![=!<>])=(?!=)", text)[0]
            left = re.sub(r"\{[^}]*\}", " {} ", left)
            if re.match(r"\s*(static|extern|typedef)\b", left) or any(calls_outside(left)):
                continue
            names = re.findall(r"\w+", re.sub(r"\[[^\]]*\]", "", left))
            if left.rstrip().endswith("{}") or len(names) < 2 or (
                len(names) == 2 and names[0] in ("struct", "union", "enum")
            ):
                continue
            offset = at + [f for f in re.finditer(rf"\b{names[-1]}\b", left)][-1].start()
            yield names[-1], self.line(offset)

    def globals(self):
        """Functions and variables that others can refer to: {name: line}."""
        names = dict(self.variables())
        names.update({f.name: f.line for f in self.functions if not f.static})
        return names


def read_tree(top):
    """{path: Source} of the module's files, tests are none."""
    top = Path(top)
    paths = [p for pattern in ("contigmem*.[ch]", "src/*.[ch]") for p in top.glob(pattern)]
    names = sorted(p.relative_to(top).as_posix() for p in paths if not p.name.endswith(".mod.c"))
    return {name: Source(top, name) for name in names}


def public_names(tree):
    """What the public headers declare."""
    return {
        word
        for path in PUBLIC
        if path in tree
        for word in re.findall(r"\b(?:devm_)?contigmem_\w+|\b(?:Mm|Ex|Io|Ke)[A-Z]\w+", tree[path].code)
    }


class Graph:
    """Who calls whom: nodes are (path, name).

    A call through a member goes to all functions that are assigned to a member of that
    name, unless not @members; a function that is passed to one of ours by its name counts
    as called by who passes it.
    """

    def __init__(self, tree, members=True):
        self.tree = tree
        self.of_file = {p: {f.name for f in s.functions} for p, s in tree.items()}
        self.global_in, self.inline_in, self.macros = {}, {}, {}
        for path, source in tree.items():
            for name, body in source.macros.items():
                self.macros.setdefault(name, (path, body))
            for function in source.functions:
                if path.endswith(".h"):
                    self.inline_in[function.name] = path
                elif not function.static:
                    self.global_in[function.name] = path
        self.pointers, self.assigned = set(), {}
        if members:
            self._read_members()
        self.calls = {}
        for source in tree.values():
            for function in source.functions:
                node = (function.path, function.name)
                self.calls.setdefault(node, {}).update(
                    dict.fromkeys(self._calls_in(function.path, function.body, function.locals))
                )

    def find(self, path, name):
        """The function that a name means in a file, None if it is not ours."""
        if name in self.of_file[path]:
            return (path, name)
        if name in self.global_in:
            return (self.global_in[name], name)
        if name in self.inline_in:
            return (self.inline_in[name], name)
        return None

    def _read_members(self):
        """Members that are pointers to functions, and what is assigned to them."""
        self.tags, types = set(), set()
        for source in self.tree.values():
            types.update(re.findall(r"\btypedef\b[^;]*?\(\s*\*\s*(\w+)\s*\)\s*\(", source.code))
        for source in self.tree.values():
            for found in re.finditer(r"\b(?:struct|union)\s+(\w+)?\s*\{", source.code):
                body = source.code[found.end() : closing(source.code, found.end() - 1)]
                self.tags.update([found[1]] if found[1] else [])
                self.pointers.update(re.findall(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*\)\s*\(", body))
                for kind in types:
                    self.pointers.update(re.findall(rf"\b{kind}\s+\*?(\w+)\s*;", body))
        for source in self.tree.values():
            for found in re.finditer(r"(?:\.|->)\s*(\w+)\s*=\s*&?(\w+)\s*[,;}\n]", source.code):
                member, name = found[1], found[2]
                if member not in self.pointers or self._is_theirs(source.code, found.start()):
                    continue
                around = [f for f in source.functions
                          if f.body_at <= found.start() < f.body_at + len(f.body)]
                target = self.find(source.path, name)
                if target and not (around and name in around[0].locals):
                    self.assigned.setdefault(member, {})[target] = None

    def _is_theirs(self, code, at):
        """Is it in the initialiser of a structure that is not the project's?"""
        depth = 0
        for start in range(at - 1, -1, -1):
            depth += (code[start] in "})") - (code[start] in "{(")
            if depth < 0:
                before = code[max(0, start - 200) : start]
                found = re.search(r"\bstruct\s+(\w+)\s*\)\s*$", before) or re.search(
                    r"\bstruct\s+(\w+)\b[^;{}=]*=\s*$", before
                )
                if found:
                    return found[1] not in self.tags
                depth = 0
        return False

    def _calls_in(self, path, body, local, seen=()):
        tokens = TOKEN.findall(body)
        stack = []
        for at, token in enumerate(tokens):
            before = tokens[at - 1] if at else ""
            after = tokens[at + 1] if at + 1 < len(tokens) else ""
            if token == "(":
                stack.append(before)
            elif token == ")" and stack:
                stack.pop()
            if not re.match(r"[A-Za-z_]", token) or token in KEYWORDS:
                continue
            if before in (".", "->"):
                if after == "(":
                    yield from self.assigned.get(token, ())
                continue
            if before in ("struct", "union", "enum", "goto"):
                continue
            if token in self.macros and token not in seen:
                where, text = self.macros[token]
                yield from self._calls_in(where if where == path else path, text, local,
                                          (*seen, token))
            if token in local:
                continue
            target = self.find(path, token)
            if target and (after == "(" or (stack and self.find(path, stack[-1]) and
                                            stack[-1] not in local)):
                yield target
