"""Tables of speed: training, backends, memory formats, tiles, whole predictions, start of tasks, and the viewer."""

import json
from pathlib import Path
from typing import Any

from benchmarks.reports import markdown

SPEED = Path(__file__).resolve().parents[2] / "benchmarks" / "speed"
SHOWN = (
    "vdsr-x4", "srresnet-x4-small", "srresnet-x4", "swinir-light-x4", "esrgan-x4-small", "esrgan-x4", "spsr-x4-small",
    "sinsr-x4-small", "nafnet-denoise-small", "nafnet-denoise", "n2v-denoise", "blind-denoise-small", "blind-denoise",
    "cyclegan-translate", "mrn-blind-small", "mrn-blind", "refocus-strength", "unet-segment", "unet-translate-small",
    "unet-translate", "pix2pix-small", "pix2pix",
)  # fmt: skip
"""Recipes of the table of tiles; those left out have the same networks as these, or nearly."""


def memory_formats() -> str:
    """Time of one forward pass by memory format and tile size, from the inference benchmark."""
    content = _content("inference")
    rows = [
        [name, way, f"{found['wall_s']:.2f}", f"{found['times_as_fast']:.2f}"]
        for name, ways in content["networks"].items()
        for way, found in ways.items()
    ]
    conditions = f"{content['input_px']} px square, {content['threads']} threads, median of {content['rounds']} rounds."
    return f"{conditions}\n\n{markdown(['model', 'variant', 'seconds', 'times as fast as the first'], rows)}"


def tiles() -> str:
    """Pixels that are computed for a large image, over those of the image."""
    content = _content("tiles")
    rows = [
        [
            name,
            f"{content[name]['stated_halo_px']}",
            f"{content[name]['halo_px']}",
            f"{content[name]['halo_error']:.0e}",
            f"{content[name]['tile_height_px']} x {content[name]['tile_width_px']}",
            f"{content[name]['computed']:.2f}",
            f"{content[name]['computed_with_stated_halo']:.2f}",
            f"{content[name]['computed_before']:.2f}",
        ]
        for name in (*SHOWN, *(known for known in content if known.startswith("starter ")))
    ]
    header = [
        "recipe",
        "stated halo, px",
        "measured halo, px",
        "error",
        "tile with halo, px",
        "computed / image",
        "the same with the stated halo",
        "the same with the rule of version 0.1",
    ]
    return markdown(header, rows)


def halos() -> str:
    """Tiles against the whole on real micrographs."""
    rows = [
        [
            f"`starter:{name}`",
            str(found["receptive_field_px"]),
            str(found["halo_px"]),
            f"{found['median_error_on_real_images']:.0e}",
            f"{found['largest_error_on_real_images']:.0e}",
            f"{found['above_1e-5']} of {found['images']}",
        ]
        for name, found in _content("halos").items()
    ]
    header = ["model", "receptive field, px", "halo, px", "difference, median", "largest", "images above 1e-5"]
    return markdown(header, rows)


def training() -> str:
    """Processor time of a training step, over that of a plainly written loop."""
    content = _content("training")
    rows = [
        [
            name,
            f"{1000 * found['plain_s']:.0f}",
            f"{1000 * found['ours_s']:.0f}",
            f"{found['ratio']:.2f}",
            f"{found['ratio_computing']:.2f}",
            f"{found['plain_mb']}",
            f"{found['ours_mb']}",
        ]
        for name, found in content.items()
        if isinstance(found, dict)
    ]
    conditions = f"One thread; number of rounds: {content['rounds']}."
    header = ["recipe", "plain, ms", "here, ms", "times as fast", "without making batches", "plain, MB", "here, MB"]
    return f"{conditions}\n\n{markdown(header, rows)}"


def validation() -> str:
    """Share of the training time that validation takes, on windows and on whole images."""
    rows = [
        [
            name,
            f"{found['window_px']}",
            f"{found['between_s']:.0f}",
            f"{found['windows_s']:.1f}",
            f"{100 * found['share']:.1f} %",
            f"{100 * found['share_of_whole']:.1f} %",
        ]
        for name, found in _content("validation").items()
        if isinstance(found, dict)
    ]
    header = ["recipe", "window, px", "steps between, s", "validation, s", "share", "share with whole images"]
    return markdown(header, rows)


def prediction() -> str:
    """Processor time and memory of whole predictions."""
    content = _content("prediction")
    rows = [
        [name, variant, f"{found['cpu_s']:.1f}", f"{found['times_as_fast']:.2f}", f"{found['peak_mb']:.0f}"]
        for name, variants in content["networks"].items()
        for variant, found in variants.items()
    ]
    conditions = f"{content['threads']} thread, median of {content['rounds']} rounds."
    header = ["recipe", "tiles, freed memory", "processor time, s", "times as fast as the first", "peak memory, MB"]
    return f"{conditions}\n\n{markdown(header, rows)}"


def task_start() -> str:
    """Seconds from the start of a small task to its result."""
    content = _content("task_start")
    rows = [[way, f"{found['wall_s']:.2f}"] for way, found in content["ways"].items()]
    return markdown(["process", "seconds, median"], rows)


def viewer() -> str:
    """Time to the first view of a large image, and the memory that the viewer keeps."""
    content = _content("viewer")
    parts = {"read the file": "read", "compute the first view": "first_view", "cut and compress a tile": "tile"}
    rows = [[label, f"{content[part]['cpu_s']:.3f}", f"{content[part]['wall_s']:.3f}"] for label, part in parts.items()]
    conditions = (
        f"{content['edge_px']:,} px square, {content['image_mb']} MB, median of {content['rounds']} rounds, load "
        f"average {content['load_average']:g} on {content['processors']} processors. Memory grew by "
        f"{content['grown_mb']} MB."
    )
    return f"{conditions}\n\n{markdown(['step', 'processor time, s', 'elapsed time, s'], rows)}"


def serving() -> str:
    """Time of a request compared with the model in the same process."""
    content = _content("serving")
    rows = [
        [f"{size} x {size}", way, f"{row['wall_s']:.2f}", f"{row['cpu_s']:.2f}", f"{1 / row['times_as_fast']:.2f}"]
        for size, ways in content["sizes_px"].items()
        for way, row in ways.items()
    ]
    conditions = (
        f"{content['model']}, 16 bit, {content['threads']} thread in each process, "
        f"median of {content['rounds']} rounds, "
        f"load average {content['load_average']:g} on {content['processors']} processors, {content['processor']}."
    )
    header = ["image, px", "way", "elapsed time of an image, s", "processor time, s", "processor time, ratio"]
    return f"{conditions}\n\n{markdown(header, rows)}"


def backends() -> str:
    """Processor time of predictions by backend and by an earlier commit."""
    content = _content("backends")
    titles = {"before": f"commit {content['before']}", "torch": "PyTorch", "auto": "auto", "openvino": "OpenVINO"}
    rows = [
        [
            name,
            f"{titles[variant]}{' -> ' + row['used'] if variant == 'auto' else ''}",
            f"{row['cpu_s']:.1f}",
            f"{row['times_as_fast']:.2f}",
            f"{row['peak_mb']:.0f}",
        ]
        for name, network in content["networks"].items()
        for variant, row in network["rows"].items()
    ]
    edge, threads, rounds = content["edge_px"], content["threads"], content["rounds"]
    conditions = f"Output of {edge} x {edge} px, {threads} thread, median of {rounds} rounds, {content['processor']}."
    header = ["recipe", "computed by", "processor time, s", "times as fast as before", "peak memory, MB"]
    return f"{conditions}\n\n{markdown(header, rows)}"


def backend_rates() -> str:
    """What the backends were measured to need, and the arithmetic of each network."""
    content = _content("backends")
    rows = [
        [
            name,
            f"{network['probe_s']:.0f}",
            *(
                f"{network['probe']['torch_s'] / network['probe']['backends_s'][key]:.2f}"
                for key in ("openvino", "onnx")
            ),
            f"{network['forward_share']['openvino']:.2f}",
            f"{network['multiply_adds_per_px']:,}",
            f"{network['share_of_matrix_rate']['torch']:.2f}",
            f"{network['share_of_matrix_rate']['openvino']:.2f}",
        ]
        for name, network in content["networks"].items()
    ]
    header = [
        "recipe", "seconds of the probe", "OpenVINO, times as fast on a small tile", "ONNX Runtime",
        "share of OpenVINO's own rate", "multiply-adds per input px", "of the matrix rate: PyTorch", "OpenVINO",
    ]  # fmt: skip
    return markdown(header, rows)


def pages() -> str:
    """Clicks and page changes with 500 runs: by the clock, and processor time of server and browser."""
    content = json.loads((SPEED.parent / "dashboard" / "pages.json").read_text())
    before, now = (
        {**found["first_visits"], **found["actions"], **found["groups"]}
        for found in (content["before"], content["now"])
    )
    rows = []
    for name, measured in now.items():
        both = (before.get(name), measured)
        costs = [f"{one['server_cpu_median_ms']} + {one['browser_cpu_median_ms']}" if one else "" for one in both]
        seconds = [f"{one['p95_ms'] / 1000:.2f}" if one else "" for one in both]
        rows.append([name, str(measured["n"]), *costs, f"{measured['median_ms'] / 1000:.2f}", *seconds])
    shares = [f"{100 * content[label]['live']['share_of_a_core']:.1f} %" for label in ("before", "now")]
    loads = [f"{content[label]['load_average']['after']:g}" for label in ("before", "now")]
    header = [
        "", "n", "server + browser before, ms", "now, ms", "median by the clock now, s", "95th percentile before, s",
        "now, s",
    ]  # fmt: skip
    live = f"A page of a training that goes on costs the server {shares[1]} of a core (before: {shares[0]})."
    return f"{markdown(header, rows)}\n\n{live} Load of the machine: {loads[0]} before, {loads[1]} now, on two cores."


def scores() -> str:
    """Processor time of PSNR, SSIM and LPIPS per pair, plainly and shared."""
    content = _content("scores")
    rows = [
        [name, str(found["pairs"]), f"{found['plain_cpu_ms']:.0f}", f"{found['ours_cpu_ms']:.0f}",
         f"{found['times_as_fast_cpu']:.2f}", f"{found['times_as_fast_wall']:.2f}"]
        for name, found in content.items()
        if isinstance(found, dict) and "pairs" in found
    ]  # fmt: skip
    header = ["", "pairs", "plainly, ms of processor time a pair", "shared, ms", "times as fast", "by the clock"]
    return markdown(header, rows)


def many_files() -> str:
    """One and two processes on the same files."""
    content = _content("many_files")
    rows = [
        [workers, f"{found['wall_s']:.1f}", f"{found['cpu_s']:.1f}", f"{found['cpu_s'] / content['files']:.2f}",
         f"{found['cores_used']:.2f}"]
        for workers, found in content["median"].items()
    ]  # fmt: skip
    header = ["processes", "seconds by the clock", "processor time, s", "processor time a file, s", "cores in use"]
    size = content["size_px"]
    conditions = f"{content['recipe']}, {content['files']} files of {size} x {size} px, load {content['load_average']}."
    ledger = content["ledger"]
    costs = (
        f"The ledger takes {ledger['each_ms']:.2f} ms of processor time a file; a start finds {ledger['entries']:,} "
        f"settled files in {ledger['started_again_s']:.1f} s."
    )
    return f"{conditions}\n\n{markdown(header, rows)}\n\n{costs}"


def estimate() -> str:
    """Hours of one core and of a machine with two for very many images and patches, from measured processor time."""
    content = _content("prediction")
    rows = []
    for name, scale in (("nafnet-denoise-small", 1), ("mrn-blind-small", 1), ("srresnet-x4-small", 4)):
        height, width = content["sizes"][str(scale)]
        per_pixel_s = content["networks"][name]["chosen, kept"]["cpu_s"] / (height * width)
        images_h, patches_h = (count * edge**2 * per_pixel_s / 3600 for count, edge in ((1e5, 1024), (1e6, 128)))
        rows.append([name, *(f"{hours:,.0f}" for hours in (images_h, images_h / 2, patches_h, patches_h / 2))])
    header = ["recipe", "100,000 images of 1024 x 1024 px: core hours", "hours on two cores",
              "1,000,000 patches of 128 x 128 px: core hours", "hours on two cores"]  # fmt: skip
    return markdown(header, rows)


def _content(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SPEED / f"{name}.json").read_text())
    return content
