"""Where the store is, without the password that opens it."""

import pytest

from pipelines.tracking.address import public_address, without_secrets

PASSWORD = "s3cret"  # noqa: S105


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        (f"postgresql+psycopg://sem:{PASSWORD}@db.lab:5432/mlflow", "postgresql+psycopg://db.lab:5432/mlflow"),
        (f"postgresql://sem:{PASSWORD}@db.lab/mlflow?sslmode=require", "postgresql://db.lab/mlflow"),
        (f"postgresql://db.lab/mlflow?user=sem&password={PASSWORD}", "postgresql://db.lab/mlflow"),
        (f"https://sem:{PASSWORD}@tracking.lab/", "https://tracking.lab/"),
        (f"https://{PASSWORD}@tracking.lab", "https://tracking.lab"),
        (f"postgresql://sem:{PASSWORD}/@:x@db.lab/mlflow", "postgresql://db.lab/mlflow"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("sqlite:////data/a@b/mlflow.db", "sqlite:////data/a@b/mlflow.db"),
    ],
)
def test_the_address_is_shown_without_account(uri: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert public_address() == shown
    assert without_secrets(
        f"MlflowException: {uri} did not answer"
    ) == f"MlflowException: {uri} did not answer".replace(uri, without_secrets(uri))
    assert PASSWORD not in without_secrets(f"cannot reach {uri}, nor '{uri}'.")


def test_the_password_alone_is_hidden_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://sem:s3c%40ret@db.lab/mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another one")
    said = without_secrets("password 's3c@ret' (s3c%40ret) or another one was refused")
    assert said == "password '***' (***) or *** was refused"


def test_what_is_no_secret_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    text = "write to lab@example.org, see https://example.org/a, or models:/steel@champion"
    assert without_secrets(text) == text
