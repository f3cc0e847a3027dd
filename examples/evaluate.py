"""Score a model folder on a dataset: part of the tutorial `docs/tutorials/python.md`."""

# --8<-- [start:evaluate]
import sem_models

model = sem_models.load_model("tutorial-model")
report = sem_models.evaluate(model, "datasets/tutorial")

for method in report.methods:
    score = report.mean(method, "psnr_db")
    print(f"{method}: {score.mean:.2f} dB, n = {score.n}")

baseline = report.methods[1]
gain = report.gain("psnr_db", baseline)
print(f"over {baseline}: {gain.mean:+.2f} dB, 95 % interval {gain.lo:+.2f} to {gain.hi:+.2f}")
# --8<-- [end:evaluate]
