"""Acquisition facts and processing steps are kept in every file that the workbench writes."""

import gzip
import hashlib
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin
from torch import nn

from sem_models.config.degradation import Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset, digest_of
from sem_models.evaluation.baselines.table import find_baseline
from sem_models.images.channels import require_grey
from sem_models.images.facts import FACTS, LONGEST_TEXT, Fact, facts_from_text, facts_to_text
from sem_models.images.io.ome_xml import SCHEMA, ome_xml
from sem_models.images.io.read import read_identified_pages, read_micrograph
from sem_models.images.io.write import TiffRowWriter, encode_tiff, reserved, write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.images.stack import assemble
from sem_models.inference.model import RestorationModel, step_of
from sem_models.inference.predictor import Predictor
from sem_models.tasks.models import apply_model
from sem_models.tasks.table import find_task
from tests.support.tiff import decode_tiff

NS = {"ome": SCHEMA}
BICUBIC = find_baseline("bicubic", Degradation(scale=4))
EVERYTHING: dict[str, Fact] = {
    "instrument": 'Auriga "60" <&>',
    "manufacturer": "Zeiss",
    "beam": "electron",
    "detector": "InLens µ-channel",
    "voltage_kv": 5.0,
    "beam_current_pa": 1474.665,
    "working_distance_mm": 5.131926,
    "magnification": 1500.0,
    "dwell_time_us": 0.1,
    "line_time_ms": 126.86,
    "frame_time_s": 96.0,
    "exposure_s": 0.367093,
    "stage_tilt_deg": -12.586,
    "scan_rotation_deg": 0.0,
    "acquired": "2021-07-13T18:23:36",
    "description": "grain 3, after annealing at 450 °C",
    "image_rows": 40,
    "replaced_pixels": 2,
    "saturated_fraction": 0.00125,
}
STEPS = (
    ProcessingStep.now(Origin.TRANSLATED, "sem-to-tem (1a2b3c4d)", run="1a2b3c4d" * 4, settings="seed 3").model_copy(
        update={"input": "a.tif#2", "input_sha256": "f" * 64, "input_facts": {"voltage_kv": 5.0, "detector": "SE"}}
    ),
    ProcessingStep.now(Origin.RESTORED, "unet"),
)


def full(pixels: np.ndarray, name: str = "a.tif") -> Micrograph:
    return Micrograph(pixels, 2.36, EVERYTHING, name, history=STEPS)


def maps(xml: bytes | str, namespace: str) -> list[dict[str | None, str | None]]:
    found = ElementTree.fromstring(xml).iterfind(".//ome:MapAnnotation", NS)  # noqa: S314  (our own)
    return [
        {entry.get("K"): entry.text for entry in annotation.iterfind("ome:Value/ome:M", NS)}
        for annotation in found
        if annotation.get("Namespace") == f"sem-workbench/{namespace}"
    ]


def test_the_vocabulary_is_whole_and_names_state_their_units() -> None:
    assert EVERYTHING.keys() == FACTS.keys()
    assert all(isinstance(EVERYTHING[name], kind.type) for name, kind in FACTS.items())
    for name, kind in FACTS.items():
        assert kind.unit in ("", "px") or name.lower().endswith(f"_{kind.unit.lower()}")
    assert facts_from_text(facts_to_text(EVERYTHING)) == EVERYTHING
    strange = {"voltage_kv": "nan", "magnification": "many", "image_rows": "1.5", "detector": " ", "colour": "blue"}
    assert facts_from_text(strange) == {}


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float32])
def test_tiff_gives_every_fact_and_step_back(tmp_path: Path, dtype: type, channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (12, 17, channels)).astype(dtype)
    write_micrograph(tmp_path / "a.tif", full(pixels))
    with TiffRowWriter(tmp_path / "b.tif", full(reserved(pixels.shape, pixels.dtype))) as writer:
        for first in range(0, 12, 5):
            writer.write_rows(first, pixels[first : first + 5])
    for back in (
        read_micrograph(tmp_path / "a.tif"),
        read_micrograph(tmp_path / "b.tif"),
        decode_tiff(encode_tiff(full(pixels))),
    ):
        assert np.array_equal(back.pixels, pixels)
        assert (back.pixel_size_nm, back.metadata, back.history) == (2.36, EVERYTHING, STEPS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_gives_every_fact_and_step_back(tmp_path: Path, dtype: type) -> None:
    write_micrograph(tmp_path / "a.png", full(np.ones((4, 5, 1), dtype)))
    back = read_micrograph(tmp_path / "a.png")
    assert (back.pixel_size_nm, back.metadata, back.history) == (2.36, EVERYTHING, STEPS)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.info["voltage_kv"], image.info["origin"]) == ("5.0", "restored")
        assert image.info["detector"] == "InLens µ-channel"


def test_tifffile_finds_the_facts_where_ome_puts_them(tmp_path: Path) -> None:
    write_micrograph(tmp_path / "a.tif", full(np.zeros((12, 17, 1), np.uint16)))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_ome
        assert (file.series[0].axes, file.series[0].shape) == ("YX", (12, 17))
        found = tifffile.xml2dict(file.ome_metadata)["OME"]
    instrument, image = found["Instrument"], found["Image"]
    assert instrument["Microscope"] == {"Model": 'Auriga "60" <&>', "Manufacturer": "Zeiss", "Type": "Other"}
    assert (instrument["Detector"]["Model"], instrument["Detector"]["ID"]) == ("InLens µ-channel", "Detector:0")
    objective = instrument["Objective"]
    assert (objective["NominalMagnification"], objective["WorkingDistance"]) == (1500.0, 5.131926)
    assert objective["WorkingDistanceUnit"] == "mm"
    assert "Voltage" not in instrument["Detector"], "OME means the voltage on the detector"
    assert image["AcquisitionDate"] == "2021-07-13T18:23:36"
    pixels = image["Pixels"]
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"], pixels["SizeX"], pixels["SizeY"]) == (
        2.36,
        "nm",
        17,
        12,
    )
    assert (pixels["Plane"]["ExposureTime"], pixels["Channel"]["DetectorSettings"]["ID"]) == (0.367093, "Detector:0")
    assert image["Name"] == "restored: a.tif"
    assert image["Description"].startswith("Restored: unet")
    assert found["StructuredAnnotations"]["TagAnnotation"]["Value"] == "restored"


def test_annotations_hold_everything(tmp_path: Path) -> None:
    xml = ome_xml(full(np.zeros((2, 3, 1), np.uint8)))
    assert maps(xml, "acquisition") == [facts_to_text(EVERYTHING)]
    first, second = maps(xml, "processing")
    assert (first["origin"], first["model"], first["run"]) == ("translated", "sem-to-tem (1a2b3c4d)", "1a2b3c4d" * 4)
    assert (first["input"], first["input_sha256"], first["settings"]) == ("a.tif#2", "f" * 64, "seed 3")
    assert (first["input.voltage_kv"], first["input.detector"]) == ("5.0", "SE")
    assert datetime.fromisoformat(str(second["date"])).tzinfo is not None
    assert str(second["software"]).startswith("SEM Workbench 0")
    root = ElementTree.fromstring(xml)  # noqa: S314  (our own)
    ids = [element.get("ID") for element in root.iterfind("ome:StructuredAnnotations/*", NS)]
    assert [element.get("ID") for element in root.iterfind("ome:Image/ome:AnnotationRef", NS)] == ids


def test_elements_stand_in_the_order_of_the_schema() -> None:
    root = ElementTree.fromstring(ome_xml(full(np.zeros((2, 3, 1), np.uint8))))  # noqa: S314  (our own)

    def names(path: str) -> list[str]:
        return [element.tag.removeprefix(f"{{{SCHEMA}}}") for element in root.iterfind(path, NS)]

    assert names("*") == ["Instrument", "Image", "StructuredAnnotations"]
    assert names("ome:Instrument/*") == ["Microscope", "Detector", "Objective"]
    above = ["AcquisitionDate", "Description", "InstrumentRef", "ObjectiveSettings", "Pixels"]
    assert names("ome:Image/*") == above + ["AnnotationRef"] * 4
    assert names("ome:Image/ome:Pixels/*") == ["Channel", "TiffData", "Plane"]


def test_rosettasciio_reads_them(tmp_path: Path) -> None:
    reader = pytest.importorskip("rsciio.tiff")
    write_micrograph(tmp_path / "a.tif", full(np.zeros((12, 17, 1), np.uint16)))
    (signal,) = reader.file_reader(str(tmp_path / "a.tif"))
    assert [axis["size"] for axis in signal["axes"]] == [12, 17]
    assert [(axis["scale"], axis["units"]) for axis in signal["axes"]] == [(2.36, "nm"), (2.36, "nm")]
    told = signal["original_metadata"]["ImageDescription"]
    assert maps(told, "acquisition") == [facts_to_text(EVERYTHING)]
    assert [step["origin"] for step in maps(told, "processing")] == ["translated", "restored"]


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_text_that_a_file_cannot_hold_is_simplified(tmp_path: Path, suffix: str) -> None:
    hostile = "a\x00b\x1bc\r\n]]> <!DOCTYPE x> &amp; \"' \ud800 \ufffe \u2028 µ 漢 🔬"
    facts: dict[str, Fact] = {"detector": hostile, "instrument": "x" * 1_000_000, "voltage_kv": float("nan")}
    step = ProcessingStep.now(Origin.SYNTHETIC, hostile, settings="y" * 1_000_000)
    write_micrograph(
        tmp_path / f"a{suffix}", Micrograph(np.zeros((4, 5, 1), np.uint8), None, facts, hostile, history=(step,))
    )
    assert (tmp_path / f"a{suffix}").stat().st_size < 200_000
    back = read_micrograph(tmp_path / f"a{suffix}")
    assert back.metadata["detector"] == "a b c ]]> <!DOCTYPE x> &amp; \"'       µ 漢 🔬"
    assert len(str(back.metadata["instrument"])) == LONGEST_TEXT
    assert "voltage_kv" not in back.metadata
    assert back.history[0].model == back.metadata["detector"]
    assert back.history == (step,)


def test_which_facts_a_step_keeps() -> None:
    image = replace(full(np.zeros((4, 5, 1), np.uint8)), sha256="e" * 64, history=())
    restored = image.processed(np.zeros((16, 20, 1), np.uint8), ProcessingStep.now(Origin.RESTORED, "m"), 4)
    assert restored.pixel_size_nm == pytest.approx(0.59)
    of_the_file = {"image_rows", "replaced_pixels", "saturated_fraction"}
    assert restored.metadata == {name: value for name, value in EVERYTHING.items() if name not in of_the_file}
    (step,) = restored.history
    assert (step.input, step.input_sha256, step.input_facts) == ("a.tif", "e" * 64, {})
    assert restored.sha256 == "", "that of the input is not that of the result"
    assert image.processed(image.pixels, ProcessingStep.now(Origin.SEGMENTED, "m")).metadata == restored.metadata
    for origin in (Origin.TRANSLATED, Origin.SYNTHETIC):
        redrawn = image.processed(image.pixels, ProcessingStep.now(origin, "m"))
        assert redrawn.metadata == {}, "no detector saw this"
        assert redrawn.history[0].input_facts == restored.metadata


@pytest.mark.parametrize(
    ("recipe", "origin"),
    [("srresnet-x4-small", "restored"), ("nafnet-denoise-small", "restored"), ("unet-translate-small", "translated"),
     ("unet-segment-small", "segmented"), ("cgan-masks-small", "synthetic"), ("ddpm-small", "synthetic")],
)  # fmt: skip
def test_the_task_determines_the_word(recipe: str, origin: str) -> None:
    """Segmentation and synthesis are tested elsewhere, with models that know their labels."""
    model = RestorationModel(find_recipe(recipe), nn.Identity(), "name", run_id="abc")
    facts = model.capabilities
    assert find_task(model.recipe).origin == origin
    if facts.scale == 1 and facts.channels_in == facts.channels_out:
        image = Micrograph(np.zeros((64, 64, facts.channels_in), np.uint8), None, {"voltage_kv": 5.0})
        (step,) = apply_model(Predictor(model, "cpu"), image).history
        assert (step.origin, step.model, step.run) == (origin, "name", "abc")


def test_a_baseline_restores() -> None:
    assert step_of(BICUBIC).origin == "restored"


def test_two_operations_keep_the_facts_and_list_both(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 24, 1)).astype(np.uint8)
    write_micrograph(tmp_path / "raw.tif", Micrograph(pixels, 8.0, EVERYTHING))
    source = tmp_path / "raw.tif"
    for name in ("first.tif", "second.tif"):
        Predictor(BICUBIC, "cpu").predict_to_file(next(read_identified_pages(source)), tmp_path / name)
        source = tmp_path / name
    back = read_micrograph(source)
    assert back.pixel_size_nm == 8.0 / 16
    assert (back.height, back.width) == (320, 384)
    assert back.metadata["voltage_kv"] == 5.0
    assert "image_rows" not in back.metadata
    assert [step.input for step in back.history] == ["raw.tif", "first.tif"]
    hashes = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("raw.tif", "first.tif")]
    assert [step.input_sha256 for step in back.history] == hashes
    with tifffile.TiffFile(source) as file:
        assert 'SizeX="384"' in file.ome_metadata


def test_assembled_inputs_name_all_files() -> None:
    images = [replace(full(np.zeros((4, 5, 1), np.uint8), name), sha256=name * 3) for name in ("a", "b")]
    whole = assemble([images[0], replace(images[1], history=STEPS[:1])])
    assert (whole.source, whole.sha256) == ("a + b", "aaa + bbb")
    assert whole.history == (*STEPS, STEPS[0])


def test_files_beyond_4_gb_hold_the_same(tmp_path: Path) -> None:
    """The file is sparse on disk: only the header is written."""
    image = full(reserved((70_000, 70_000, 1), np.dtype(np.uint8)))
    with TiffRowWriter(tmp_path / "a.tif", image):
        pass
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff
        assert 'SizeX="70000"' in file.ome_metadata
        assert len(maps(file.ome_metadata, "processing")) == 2


def test_what_earlier_versions_wrote_is_history(tmp_path: Path) -> None:
    said = "srresnet-x4 (1a2b3c4d) applied to a.tif by SEM Workbench"
    ome = {"PhysicalSizeX": 2.36, "PhysicalSizeXUnit": "nm", "Description": said}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), np.uint8), ome=True, metadata=ome, software="SEM Workbench")
    info = PngImagePlugin.PngInfo()
    info.add_text("provenance", "Synthetic: image 1 of seed 7, by ddpm-small, SEM Workbench")
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png", pnginfo=info)
    old, drawn = read_micrograph(tmp_path / "a.tif"), read_micrograph(tmp_path / "a.png")
    assert (old.pixel_size_nm, old.provenance, old.history[0].origin) == (2.36, said, "restored")
    assert drawn.history[0].origin == "synthetic"
    write_micrograph(tmp_path / "b.tif", old)
    assert read_micrograph(tmp_path / "b.tif").history == old.history


def test_ome_files_of_others(tmp_path: Path) -> None:
    """A description is not a processing step, and the elements of the schema are facts."""
    text = (
        f'<OME xmlns="{SCHEMA}"><Instrument ID="Instrument:0"><Microscope Manufacturer="JEOL" Model="JEM-1400"/>'
        '<Detector ID="Detector:0" Model="Rio"/><Objective ID="Objective:0" NominalMagnification="12000" '
        'WorkingDistance="4200" WorkingDistanceUnit="µm"/></Instrument><Image ID="Image:0"><AcquisitionDate>'
        "2020-02-03T04:05:06</AcquisitionDate><Description>block 7 restored</Description>"
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="5" SizeY="4" SizeC="1" SizeZ="1" SizeT="1">'
        '<TiffData/><Plane TheC="0" TheT="0" TheZ="0" ExposureTime="250" ExposureTimeUnit="ms"/></Pixels></Image></OME>'
    )
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), np.uint8), description=text.encode(), metadata=None)
    found = read_micrograph(tmp_path / "a.tif")
    assert found.history == ()
    assert found.metadata == {
        "instrument": "JEM-1400",
        "manufacturer": "JEOL",
        "detector": "Rio",
        "magnification": 12000.0,
        "working_distance_mm": 4.2,
        "exposure_s": 0.25,
        "acquired": "2020-02-03T04:05:06",
        "description": "block 7 restored",
    }


def test_a_text_file_beside_a_result_does_not_overrule_it(tmp_path: Path) -> None:
    """JEOL writes the facts of NAME.tif into NAME.txt, and a result may be written next to such a file."""
    told = "$CM_FORMAT 1\n$CM_ACCEL_VOLT 15.00\n$$SM_MICRON_BAR 100\n$$SM_MICRON_MARKER 1um\n"
    told += "$CM_DATE 2019/10/16\n$CM_TIME 14:03:29\n"
    (tmp_path / "a.txt").write_text(told)
    for name in ("a.tif", "a.png"):
        write_micrograph(tmp_path / name, full(np.zeros((4, 5, 1), np.uint8)))
        assert read_micrograph(tmp_path / name).pixel_size_nm == 2.36
        assert read_micrograph(tmp_path / name).metadata["voltage_kv"] == 5.0
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), np.uint8), metadata=None)
    raw = read_micrograph(tmp_path / "a.tif")
    assert (raw.pixel_size_nm, raw.metadata["acquired"]) == (10.0, "2019-10-16T14:03:29")


def test_facts_that_readers_learn_to_find_leave_the_digest_alone(small_dataset: Dataset) -> None:
    manifest = small_dataset.manifest

    def with_facts(**facts: Fact) -> str:
        entries = [
            entry.model_copy(
                update={"arrays": tuple(array.model_copy(update={"metadata": facts}) for array in entry.arrays)}
            )
            for entry in manifest.entries
        ]
        return digest_of(manifest.model_copy(update={"entries": tuple(entries)}))

    assert with_facts(voltage_kv=5.0) != with_facts(voltage_kv=6.0)
    assert with_facts(voltage_kv=5.0, dwell_time_us=3.0, beam="ion") == with_facts(voltage_kv=5.0)


VENDOR_FACTS: dict[str, dict[str, Fact]] = {
    "kit_zeiss_sem/FeMoOx_AntiA_04_1k5x_CN.tif": {
        "instrument": "Auriga 60", "detector": "InLens", "voltage_kv": 5.0, "working_distance_mm": 5.1,
        "magnification": 1500.0, "beam": "electron", "beam_current_pa": 200_000.0, "line_time_ms": 126.86,
        "frame_time_s": 96.0, "stage_tilt_deg": 54.0, "scan_rotation_deg": 0.0, "acquired": "2021-07-13T18:23:36",
    },
    "kit_zeiss_sem/slice_view/InLens_keyframe_00001_slice_00006_z=1.6659um.tif": {
        "instrument": "INT-AURIGA", "detector": "InLens", "beam": "electron", "dwell_time_us": 1.0,
        "stage_tilt_deg": 90.0, "scan_rotation_deg": 0.0, "acquired": "2017-04-20T11:52:36+02:00",
    },
    "vendor_formats/mit_fibsem/thermofisher_fib_1536x1024_FEI_HELIOS_tag.tif": {
        "instrument": "Helios G4 PFIB UNSPE", "detector": "ETD", "voltage_kv": 30.0, "working_distance_mm": 16.5,
        "beam": "ion", "beam_current_pa": 20.0, "dwell_time_us": 1.0, "line_time_ms": 1.558, "frame_time_s": 1.59539,
        "stage_tilt_deg": 31.9981459, "scan_rotation_deg": 0.0, "acquired": "2022-12-14T13:53:39",
    },
    "vendor_formats/gpl3_rosettasciio/olympus_SIS.tif": {
        "instrument": "Quemesa", "manufacturer": "Olympus Soft Imaging Solutions", "magnification": 600_000.0,
        "exposure_s": 0.367093, "acquired": "2018-11-15T19:42:00",
    },
    "vendor_formats/gpl3_rosettasciio/test_loading_image_saved_with_imageJ.tif": {},
    "tem_lowdose_pairs/train_0001.tif": {},
    "vendor_formats/gpl3_rosettasciio/test_STEM_image.dm3": {
        "voltage_kv": 200.0, "magnification": 225_000.0, "dwell_time_us": 3.5, "stage_tilt_deg": 24.9504785,
        "acquired": "2016-08-08T16:26:37",
    },
    "vendor_formats/mit_pyTEMlib/EMDReader_SpectrumImage_Si.emd": {
        "instrument": "Talos", "detector": "HAADF", "voltage_kv": 200.0, "magnification": 40_000.0,
        "dwell_time_us": 50.0, "stage_tilt_deg": 0.006, "acquired": "2017-03-06T09:57:56",
    },
}  # fmt: skip


def expect_kept(source: Path, facts: dict[str, Fact], folder: Path) -> None:
    """Read a file, write an upsampled version, and read it back."""
    image = require_grey(next(read_identified_pages(source)))
    assert {name: value for name, value in image.metadata.items() if name != "image_rows"} == facts
    Predictor(BICUBIC, "cpu").predict_to_file(image, folder / "out.tif")
    back = read_micrograph(folder / "out.tif")
    assert back.metadata == facts
    assert back.pixel_size_nm == (image.pixel_size_nm / 4 if image.pixel_size_nm else None)
    (step,) = back.history
    assert (step.origin, step.model, step.input) == ("restored", "baseline:bicubic", image.source)
    assert step.input_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


@pytest.mark.realdata
@pytest.mark.parametrize("name", VENDOR_FACTS)
def test_vendor_facts_reach_the_output(shared_data: Path, tmp_path: Path, name: str) -> None:
    if name.endswith((".dm3", ".emd")):
        pytest.importorskip("rsciio")
    expect_kept(shared_data / name, VENDOR_FACTS[name], tmp_path)


@pytest.mark.realdata
def test_packed_vendor_files_too(shared_data: Path, tmp_path: Path) -> None:
    """An electron image with a data bar, and a JEOL station's XML with a time zone."""
    folder = shared_data / "vendor_formats" / "gpl3_rosettasciio"
    with zipfile.ZipFile(folder / "tiff_FEI_Helios.zip") as archive:
        helios = Path(archive.extract("FEI-Helios-Ebeam-16bits.tif", tmp_path))
    expect_kept(helios, {
        "instrument": 'Helios NanoLab" 660', "detector": "ETD", "voltage_kv": 5.0, "working_distance_mm": 4.03466,
        "beam": "electron", "beam_current_pa": 6.25, "dwell_time_us": 10.0, "line_time_ms": 5.8, "frame_time_s": 2.62,
        "stage_tilt_deg": 0.000374999731, "scan_rotation_deg": 0.0, "acquired": "2016-06-13T17:06:40",
    }, tmp_path)  # fmt: skip
    jeol = tmp_path / "jeol.tif"
    jeol.write_bytes(gzip.decompress((folder / "JEOL-SightX-TEM-mag-dummy.tif.gz").read_bytes()))
    expect_kept(jeol, {
        "instrument": "JEM-ARM200F", "manufacturer": "JEOL Ltd.", "detector": "screenCamera", "voltage_kv": 200.0,
        "stage_tilt_deg": 0.1, "acquired": "2019-11-27T16:11:26+09:00",
    }, tmp_path)  # fmt: skip
