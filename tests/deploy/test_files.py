"""The files of `deploy`: each is understood by the program that it is for, and all forms start the same services."""

import asyncio
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def names(path: Path) -> set[str]:
    """The names that a file of settings gives values to."""
    return set(re.findall(r"^([A-Z][A-Z_]*)=", path.read_text(), re.MULTILINE))


def used(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z][A-Z_]*)", text))


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / name).read_text())
    return content


def unit(path: Path) -> dict[str, str]:
    """The settings of a unit; the last one of a name counts."""
    text = path.read_text().replace("\\\n", " ")
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line))


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_compose_files_follow_the_specification(name: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(compose(name))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate({"services": {"a": {"comand": "misspelt"}}})


def test_compose_names_what_exists() -> None:
    content = compose()
    services, text = content["services"], (DEPLOY / "compose" / "compose.yaml").read_text()
    assert used(text) == names(DEPLOY / "compose" / "env.example")
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert set(service.get("networks", ())) <= set(content["networks"]), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source.startswith((".", "$")) or source in content["volumes"], (name, volume)
    for service in ("tracking", "worker", "dashboard"):
        assert services[service]["volumes"][0] == "home:/srv/sem-workbench"
    # What waits for the database must not make its tables at the same time as the tracking server.
    assert services["worker"]["depends_on"]["tracking"] == {"condition": "service_healthy"}
    assert services["dashboard"]["depends_on"]["tracking"] == {"condition": "service_healthy"}
    # Processes of the worker have the same numbers and the same host for the dashboard.
    for service in ("dashboard", "clean"):
        assert services[service]["pid"] == "service:worker"
        assert services[service]["hostname"] == services["worker"]["hostname"]
    published = {name for name, service in services.items() if "ports" in service}
    assert published == {"proxy"}


def test_what_a_lab_puts_beside_the_files_gets_into_no_image_and_no_commit() -> None:
    """Passwords, the client of the identity provider, and by default the images themselves."""
    text = (DEPLOY / "compose" / "compose.yaml").read_text() + (DEPLOY / "compose" / "env.example").read_text()
    beside = set(re.findall(r"(?:- |=|:-)\./([\w.]+)", text)) - {"Caddyfile"} | {".env"}
    assert beside == {".env", "lab.toml", "secrets.toml", "data"}
    in_image = (DEPLOY.parent / ".dockerignore").read_text().split()
    committed = (DEPLOY.parent / ".gitignore").read_text().split()
    for name in beside:
        assert f"deploy/compose/{name}" in in_image, name
        assert f"/deploy/compose/{name}" in [line.rstrip("/") for line in committed], name
    for name in (".streamlit/secrets.toml", "lab.toml"):
        assert name in in_image
        assert f"/{name}" in committed
    assert "**/lab.env" in in_image
    assert "lab.env" in committed


@pytest.fixture(scope="module")
def lab() -> ModuleType:
    return module(DEPLOY / "processes" / "lab.py")


def same_command(one: list[str], other: list[str]) -> bool:
    """Compare programs and options; how the interpreter is named does not matter, nor `--a=b` for `--a b`."""
    return _words(one) == _words(other)


def _words(command: list[str]) -> list[str]:
    text = " ".join(part for word in command for part in word.split("=", 1))
    text = re.sub(r"\S*python\S* -m pipelines\b|\S*sem-workbench(?= (worker|app|clean))", "sem-workbench", text)
    return re.sub(r"\S*python\S* -m mlflow\b", "mlflow", text).split()


def test_units_and_processes_start_the_same(lab: ModuleType) -> None:
    settings = {name: "${" + name + "}" for name in names(DEPLOY / "processes" / "lab.env.example")}
    commands = {
        "tracking": lab.tracking_command(settings),
        "worker": lab.worker_command(),
        "dashboard": lab.dashboard_command(settings),
    }
    for name, command in commands.items():
        started = unit(DEPLOY / "systemd" / f"sem-workbench-{name}.service")["ExecStart"]
        assert same_command(shlex.split(started), command), (started, command)
        in_container = compose()["services"][name]["command"]
        options = [word.partition("=")[0] for word in in_container if word.startswith("--")]
        assert options == [word for word in command if word.startswith("--")], name
    for path in UNITS:
        found = unit(path)
        assert used(path.read_text()) <= settings.keys(), path.name
        assert found["EnvironmentFile"] == "/etc/sem-workbench/lab.env" and found["User"] == "sem-workbench"
    # Otherwise a restart of the worker would kill all trainings.
    assert unit(DEPLOY / "systemd" / "sem-workbench-worker.service")["KillMode"] == "process"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for path in (DEPLOY / "systemd").iterdir():
        # It looks for the programs as well.
        text = re.sub(r"^(ExecStart(Post)?=)/\S+", r"\1/bin/true", path.read_text(), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text)
    own = [str(path) for path in sorted(tmp_path.iterdir())]
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *own], capture_output=True, text=True)
    said = [line for line in checked.stderr.splitlines() if "sem-workbench" in line and "postgresql" not in line]
    assert said == []


def test_settings_are_read_and_the_environment_counts_more(
    lab: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKING_PORT", "1")
    (tmp_path / "lab.env").write_text("# a comment\n\nSEM_HOME=/a b\nTRACKING_PORT=2\nPGPASSWORD=x=y#z\n")
    found = lab.settings(tmp_path / "lab.env")
    assert (found["SEM_HOME"], found["TRACKING_PORT"], found["PGPASSWORD"]) == ("/a b", "1", "x=y#z")


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("openssl"), reason="nginx is not installed")
def test_nginx_understands_its_file(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=l",
    ]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    text = re.sub(r"/etc/ssl/\S+fullchain\.pem", str(certificate), re.sub(r"/etc/ssl/\S+privkey\.pem", str(key), text))
    (tmp_path / "lab.conf").write_text(text)
    logs = f"error_log {tmp_path}/e.log; pid {tmp_path}/pid;"
    (tmp_path / "nginx.conf").write_text(f"{logs} events {{}} http {{ include {tmp_path}/lab.conf; }}")
    checked = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not installed")
@pytest.mark.parametrize("path", [DEPLOY / "proxy" / "Caddyfile", DEPLOY / "compose" / "Caddyfile"])
def test_caddy_understands_its_files(path: Path) -> None:
    environment = {**os.environ, "LAB_HOST": "lab.example", "LAB_TLS": "internal"}
    command = ["caddy", "adapt", "--config", str(path), "--adapter", "caddyfile"]
    checked = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "lab.example" in checked.stdout and ":8501" in checked.stdout


def test_the_open_ondemand_app_has_its_parts_and_asks_for_nothing_else() -> None:
    app = DEPLOY / "ondemand"
    form = yaml.safe_load((app / "form.yml").read_text())
    assert yaml.safe_load((app / "manifest.yml").read_text())["role"] == "batch_connect"
    assert set(form["form"]) == set(form["attributes"])
    erb = "".join(path.read_text() for path in [app / "submit.yml.erb", *(app / "template").glob("*.erb")])
    assert set(form["form"]) == {name for name in form["form"] if re.search(rf"\b{name}\b", erb)}
    for script in (app / "template").glob("*.sh.erb"):
        plain = re.sub(r"<%.*?%>", "x", script.read_text())
        subprocess.run(["bash", "-n"], input=plain, text=True, check=True)
    # A desk answers only under the names that it is given.
    script, before = ((app / "template" / f"{name}.sh.erb").read_text() for name in ("script", "before"))
    assert 'ALLOWED_HOSTS="$STREAMLIT_BROWSER_SERVER_ADDRESS $SEM_NODE localhost"' in script
    assert 'export SEM_NODE="${host}"' in before
    # Other users of the node can read options, but not the environment.
    assert "SEM_PATH" not in (app / "template" / "script.sh.erb").read_text().partition("exec ")[2]


def test_the_forwarder_copies_both_directions() -> None:
    forward = module(DEPLOY / "ondemand" / "template" / "forward.py")

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readexactly(5)).upper())
        writer.close()

    async def both() -> tuple[bytes, bytes]:
        inner = await asyncio.start_server(shout, "127.0.0.1", 0)
        outer = await forward.serve(0, inner.sockets[0].getsockname()[1], "127.0.0.1")
        reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
        writer.write(b"hello")
        answer = await reader.read()
        inner.close()
        await inner.wait_closed()
        reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
        return answer, await reader.read()

    assert asyncio.run(both()) == (b"HELLO", b"")


PROGRAMS = {
    "sem-workbench": f"""#!{sys.executable}
import signal, sys, time
print("Run", "0123456789abcdef" * 2, flush=True)
print("asked:", *sys.argv[1:], flush=True)
def stop(*_):
    print("state saved", flush=True)
    sys.exit(130)
signal.signal(signal.SIGTERM, stop)
if "--resume" in sys.argv:
    sys.exit(0)
print("training", flush=True)
time.sleep(60)
""",
    "scontrol": '#!/bin/bash\necho "scontrol $*"\n',
}


def test_a_preempted_slurm_job_saves_its_state_is_queued_again_and_resumes_its_run(tmp_path: Path) -> None:
    """With stand-ins for SLURM and for the training; SLURM sends SIGTERM to the script alone."""
    (tmp_path / "bin").mkdir()
    for name, text in PROGRAMS.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "sem-workbench.env").write_text("MLFLOW_TRACKING_URI=https://mlflow.lab.example\n")
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), "SLURM_JOB_ID": "42",
        "SEM_DATASETS": str(tmp_path / "datasets"), "SEM_ARGS": "--recipe r --dataset d",
    }  # fmt: skip
    script, log = ["bash", str(DEPLOY / "slurm" / "train.sbatch")], tmp_path / "log.txt"
    with log.open("w") as output:
        job = subprocess.Popen(script, env=environment, stdout=output, stderr=output)
    deadline = time.monotonic() + 60
    while "training" not in log.read_text():
        assert time.monotonic() < deadline and job.poll() is None, log.read_text()
        time.sleep(0.02)
    job.send_signal(signal.SIGTERM)
    assert job.wait(60) == 130
    said = log.read_text()
    assert "asked: train --recipe r --dataset d" in said and "state saved" in said
    assert "scontrol requeue 42" in said

    again = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert f"asked: train --resume {'0123456789abcdef' * 2}" in again.stdout
