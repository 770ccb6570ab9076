"""Time against work: hit, list, status and explain while profiles, sealed sessions and source keys grow.

Called by tests/bench with the release front, the pairs program, the simulator's endpoint and a folder; prints a table
and writes an SVG. Standard library only.
"""

import json
import os
import subprocess
import sys

HELPER, PAIRS, ENDPOINT, FOLDER, SVG = sys.argv[1:6]
COMMANDS = ["hit", "list", "status", "explain"]
COLOURS = {"hit": "#1b7f5c", "list": "#2f5fb3", "status": "#b3742f", "explain": "#8a3fb0"}


def helper(env, *words, text=None):
    done = subprocess.run([HELPER, *words], env=env, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words[:3])}: {done.stderr}")


def home(name, profiles, sessions, keys):
    """A home with so much in it; returns its environment. Sessions are of roles that need no code."""
    folder = os.path.join(FOLDER, name)
    os.makedirs(folder, mode=0o700)
    env = dict(os.environ, HOME=folder, ROLE_HELPER_HOME=os.path.join(folder, "own"), AWS_ENDPOINT_URL_STS=ENDPOINT,
               AWS_ENDPOINT_URL_IAM=ENDPOINT, AWS_CONFIG_FILE=os.path.join(folder, "config"))
    with open(env["AWS_CONFIG_FILE"], "w") as config:
        for n in range(max(profiles, sessions)):
            config.write(f"[profile team-{n}]\nregion = eu-west-1\nrole_helper_role_arn = arn:aws:iam::222233334444:role/Plain\n"
                         f"role_helper_source_profile = key-0\nrole_helper_session_name = robot-{n}\n\n")
    key = {"AccessKey": {"AccessKeyId": "AKIAIOSFODNN7EXAMPL3", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE3"}}
    for n in range(keys):
        helper(env, "add", f"key-{n}", "--stdin", text=json.dumps(key))
    for start in range(0, sessions, 100):
        helper(env, "login", *(f"team-{n}" for n in range(start, min(start + 100, sessions))))
    return env


def measure(env, rounds):
    lines = [f"/bin/true\t\t/bin/true", f"hit\t\t{HELPER} credential-process team-0", f"list\t\t{HELPER} list",
             f"status\t\t{HELPER} status team-0", f"explain\t\t{HELPER} explain team-0"]
    done = subprocess.run([PAIRS, str(rounds), "--json"], env=env, input="\n".join(lines), capture_output=True, text=True, check=True)
    return {row["name"]: row["median"] for row in map(json.loads, done.stdout.splitlines())}


def panel(title, unit, points, left):
    width, height, top = 250, 220, 60
    worst = max(value for _, row in points for name, value in row.items() if name in COMMANDS)
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if worst / s <= 6)
    most = step * (int(worst / step) + 1)
    x = lambda at: left + width * at / (len(points) - 1)
    y = lambda value: top + height * (1 - value / most)
    out = [f'<text x="{left}" y="{top - 18}" class="title">{title}</text>']
    for tick in range(0, most + 1, step):
        out.append(f'<line x1="{left}" x2="{left + width}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" class="grid"/>'
                   f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>')
    for at, (count, _) in enumerate(points):
        out.append(f'<text x="{x(at):.1f}" y="{top + height + 18}" text-anchor="middle">{count:,}</text>')
    out.append(f'<text x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">{unit}</text>')
    for name in COMMANDS:
        line = " ".join(f"{x(at):.1f},{y(row[name]):.1f}" for at, (_, row) in enumerate(points))
        out.append(f'<polyline points="{line}" stroke="{COLOURS[name]}" class="line"/>')
        out += [f'<circle cx="{x(at):.1f}" cy="{y(row[name]):.1f}" r="3" fill="{COLOURS[name]}"/>' for at, (_, row) in enumerate(points)]
    return "\n".join(out)


def main():
    plans = [
        ("profiles in ~/.aws/config", "profiles", [(n, (n, 1, 1)) for n in (10, 100, 1000, 10_000)]),
        ("sealed sessions", "sessions", [(n, (100, n, 1)) for n in (1, 10, 100, 1000)]),
        ("source keys", "keys", [(n, (100, 1, n)) for n in (1, 10, 50)]),
    ]
    panels = []
    for at, (title, unit, counts) in enumerate(plans):
        points = []
        for count, amounts in counts:
            env = home(f"{unit}-{count}", *amounts)
            points.append((count, measure(env, 30)))
            helper(env, "logout", "--all")
        print(f"{unit:>10} " + " ".join(f"{name:>9}" for name in COMMANDS) + "  (median ms)")
        for count, row in points:
            print(f"{count:>10,} " + " ".join(f"{row[name]:>9.2f}" for name in COMMANDS))
        panels.append(panel(title, unit, points, 60 + at * 320))
    legend = "".join(f'<circle cx="{70 + 110 * n}" cy="360" r="4" fill="{COLOURS[name]}"/><text x="{80 + 110 * n}" y="364">{name}</text>'
                     for n, name in enumerate(COMMANDS))
    with open(SVG, "w") as file:
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 980 380" font-family="sans-serif" font-size="12">'
                   '<style>.title{font-weight:bold}.grid{stroke:#ddd}.line{fill:none;stroke-width:2}</style>'
                   '<rect width="980" height="380" fill="white"/><text x="20" y="24">whole processes, median milliseconds</text>\n'
                   + "\n".join(panels) + legend + "</svg>\n")


main()
