#!/usr/bin/env python3
"""Writes src/engines/audio/golden-features.json: what librosa 0.11 says of small signals that the test makes again.

    python tools/golden-features.py        (needs librosa 0.11, numpy 2; then `npm run format`)

The signals are made by formulas of the sample number alone, in double precision, rounded to single: the TypeScript in
`golden.fixture.ts` makes the same ones. Values are given to seven digits. All have a floor of noise, none quieter than
the last bit of 16: our FFT reckons in single precision, so what lies 120 dB below the loudest bin is rounding.
"""
import json
from pathlib import Path

import librosa
import numpy as np

RATE = 44_100
SIZE = 2048
HOP = 882
SECONDS = 1.0
SAMPLES = int(RATE * SECONDS)
OUT = Path(__file__).resolve().parent.parent / "src/engines/audio/golden-features.json"


def noise(seed: int) -> np.ndarray:
    """-1..1: the linear congruential generator of Numerical Recipes."""
    state = seed
    out = np.empty(SAMPLES)
    for i in range(SAMPLES):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        out[i] = 2 * (state / 2**32) - 1
    return out


def tone(hz: float, start: int, decay_sec: float) -> np.ndarray:
    """Five harmonics struck at a sample."""
    n = np.arange(SAMPLES) - start
    t = np.maximum(n, 0) / RATE
    sound = sum(np.sin(2 * np.pi * h * hz * t) / h for h in range(1, 6))
    return np.where(n >= 0, 0.12 * np.exp(-t / decay_sec) * sound, 0.0)


def chord(cents: float) -> np.ndarray:
    """C major, then F major, out of tune by so many cents."""
    factor = 2 ** (cents / 1200)
    roots = [(0, 261.6255653), (0, 329.6275569), (0, 391.9954360)]
    roots += [(SAMPLES // 2, 349.2282314), (SAMPLES // 2, 440.0), (SAMPLES // 2, 523.2511306)]
    return sum(tone(hz * factor, start, 0.5) for start, hz in roots)


def sweep() -> np.ndarray:
    """60 Hz to 15.36 kHz, eight octaves a second."""
    t = np.arange(SAMPLES) / RATE
    return 0.5 * np.sin(2 * np.pi * 60 * (2 ** (8 * t) - 1) / (8 * np.log(2)))


def speech() -> np.ndarray:
    """Harmonics of a gliding 120 Hz voice under two formants, four syllables a second, and between them nothing."""
    t = np.arange(SAMPLES) / RATE
    phase = 120 * t + 10 * (1 - np.cos(2 * np.pi * 1.5 * t)) / (2 * np.pi * 1.5) * 2
    voice = np.zeros(SAMPLES)
    for h in range(1, 31):
        hz = 120 * h
        gain = np.exp(-(((hz - 650) / 250) ** 2)) + 0.6 * np.exp(-(((hz - 2300) / 500) ** 2)) + 0.02
        voice += gain * np.sin(2 * np.pi * h * phase)
    return 0.1 * voice * np.maximum(0.0, np.sin(2 * np.pi * 4 * t)) ** 2


SIGNALS = {
    "chord": lambda: chord(12) + 1e-3 * noise(1),
    "flat chord": lambda: chord(-31) + 1e-4 * noise(2),
    "noise": lambda: 0.3 * noise(3) * (np.arange(SAMPLES) % 11_025 < 8000),
    "sweep": lambda: sweep() + 1e-3 * noise(4),
    "speech": lambda: speech() + 3e-5 * noise(5),
    "offset": lambda: 0.25 + 0.01 * noise(6),
    "clipped": lambda: np.clip(20 * chord(0) + 0.01 * noise(7), -1, 1),
}


def describe(y: np.ndarray, hop: int) -> dict[str, np.ndarray]:
    """Every descriptor by the public function of its name."""
    feature = librosa.feature
    at = {"y": y, "sr": RATE, "n_fft": SIZE, "hop_length": hop}
    framed = {"y": y, "frame_length": SIZE, "hop_length": hop}
    return {
        "centroidHz": feature.spectral_centroid(**at),
        "rolloffHz": feature.spectral_rolloff(**at, roll_percent=0.85),
        "bandwidthHz": feature.spectral_bandwidth(**at, p=2),
        "flatness": feature.spectral_flatness(y=y, n_fft=SIZE, hop_length=hop),
        "rms": feature.rms(**framed),
        "zeroCrossingRate": feature.zero_crossing_rate(**framed),
        "contrastDb": feature.spectral_contrast(**at, n_bands=6, fmin=200.0, quantile=0.02),
        "mfcc": feature.mfcc(**at, n_mfcc=20),
        "chroma": feature.chroma_stft(**at),
    }


def tuning(y: np.ndarray, hop: int) -> float:
    """What chroma_stft takes when it is not told: the estimate from the very power spectrogram."""
    power = np.abs(librosa.stft(y, n_fft=SIZE, hop_length=hop)) ** 2
    return float(librosa.estimate_tuning(S=power, sr=RATE, bins_per_octave=12))


def onset_strength(y: np.ndarray) -> np.ndarray:
    mel = librosa.feature.melspectrogram(y=y, sr=RATE, n_fft=SIZE, hop_length=HOP)
    decibels = librosa.power_to_db(mel, amin=1e-4, top_db=None)
    return librosa.onset.onset_strength(S=decibels, sr=RATE, n_fft=SIZE, hop_length=HOP)


def digits(values: np.ndarray) -> list[float]:
    return [float(f"{value:.7g}") for value in np.asarray(values, dtype=float).ravel()]


def moments(rows: np.ndarray) -> dict[str, list[float]]:
    rows = np.atleast_2d(np.asarray(rows, dtype=float))
    return {"mean": digits(rows.mean(axis=1)), "variance": digits(rows.var(axis=1))}


def entry(y: np.ndarray) -> dict:
    """Frames (one after the other) of every fifth moment, and statistics of all, at the full hop and at twice it."""
    full, half = describe(y, HOP), describe(y, 2 * HOP)
    return {
        "tuning": tuning(y, HOP),
        "frames": {name: digits(rows[:, ::5].T) for name, rows in full.items()},
        "moments": {name: moments(rows) for name, rows in full.items()},
        "onsetStrength": moments(onset_strength(y)),
        "sparse": {"tuning": tuning(y, 2 * HOP), "moments": {name: moments(rows) for name, rows in half.items()}},
    }


def filters() -> dict:
    """Of the chroma filters the sums of each row, and one row in thirty of the columns; of the mel filters the sums."""
    chroma = librosa.filters.chroma(sr=RATE, n_fft=SIZE, tuning=0.17)
    mel = librosa.filters.mel(sr=RATE, n_fft=SIZE)
    return {
        "chroma": {"tuning": 0.17, "rowSums": digits(chroma.sum(axis=1)), "columns": digits(chroma[:, ::60].T)},
        "mel": {"rowSums": digits(mel.sum(axis=1))},
    }


def main() -> None:
    signals = {name: entry(make().astype(np.float32)) for name, make in SIGNALS.items()}
    golden = {"librosa": librosa.__version__, "filters": filters(), "signals": signals}
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{OUT.name}: {OUT.stat().st_size} bytes")


main()
