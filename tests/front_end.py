#!/usr/bin/env python3
"""Sends sources through the front end of the compiler that a build folder was configured for: what does
not compile, or warns where that is an error, is seen in a fraction of the time that a build takes.
Warnings that come with optimisation are not seen, nor what the linker says.

    tests/front_end.py BUILD [FOLDER...]     the sources below these folders; all, without
"""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys


def front_end(command):
    """The command that compiles a source, without what it writes."""
    kept = []
    words = iter(shlex.split(command))
    for word in words:
        if word in ("-o", "-MF", "-MQ"):
            next(words)
        elif word not in ("-c", "-MD"):
            kept.append(word)
    return kept + ["-fsyntax-only"]


def main():
    build, folders = sys.argv[1], sys.argv[2:]
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    root = os.path.dirname(os.path.abspath(build))
    commands = {}  # a source of several targets is the same text in all
    for entry in entries:
        source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        if not folders or any(source.startswith(folder + "/") for folder in folders):
            commands.setdefault(source, (front_end(entry["command"]), entry["directory"]))

    def run(source):
        command, directory = commands[source]
        result = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        return source, result.returncode, result.stderr

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, status, said in pool.map(run, sorted(commands)):
            if said:
                print(f"{source}:\n{said}")
            failed += status != 0
    print(f"{len(commands)} sources, {failed} of them do not compile")
    return 1 if failed or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
