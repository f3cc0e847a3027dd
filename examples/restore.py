"""Restore one micrograph with a model folder: part of the tutorial `docs/tutorials/python.md`."""

# --8<-- [start:restore]
import sem_models

micrograph = sem_models.read_micrograph("raw/fibres-specimen1_field1.tif")
model = sem_models.load_model("tutorial-model")

restored = sem_models.restore(model, micrograph)
sem_models.write_micrograph("restored.tif", restored)

print(micrograph.pixels.shape, micrograph.pixel_size_nm, "nm per pixel")
print(restored.pixels.shape, restored.pixel_size_nm, "nm per pixel")
# --8<-- [end:restore]
