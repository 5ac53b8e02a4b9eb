"""Runs the field's own tools over audio files, for figures beside ours on the same files in the same run.

usage: peers.py aubio|librosa|essentia version          prints the version
       peers.py aubio|librosa|essentia answers FILE...  one JSON line a file: answer, cpuSec, peakMb
       peers.py aubio|librosa|essentia speed FILE...    as many descriptors as the tool has, from the compressed file
Exits with 3 when the tool is not there.
"""
import json
import os
import resource
import subprocess
import sys

for name in ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMBA_NUM_THREADS']:
    os.environ[name] = '1'

NAMES = {'C': 0, 'C#': 1, 'Db': 1, 'D': 2, 'D#': 3, 'Eb': 3, 'E': 4, 'F': 5, 'F#': 6, 'Gb': 6, 'G': 7,
         'G#': 8, 'Ab': 8, 'A': 9, 'A#': 10, 'Bb': 10, 'B': 11}
PROFILES = {'major': [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
            'minor': [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]}


def spans(edges, labels):
    """Neighbours with the same label become one."""
    out = []
    for i, label in enumerate(labels):
        if out and out[-1]['value'] == label:
            out[-1]['toSec'] = float(edges[i + 1])
        else:
            out.append({'fromSec': float(edges[i]), 'toSec': float(edges[i + 1]), 'value': label})
    return out


def with_aubio():
    try:
        version = subprocess.run(['aubio', '--version'], capture_output=True, text=True).stdout.split()[-1]
    except (OSError, IndexError) as missing:
        raise ImportError('aubio') from missing

    def numbers(command, path):
        run = subprocess.run(['aubio', command, path], capture_output=True, text=True, check=True)
        return [float(line.split()[0]) for line in run.stdout.splitlines() if line.strip()]

    def answers(path):
        beats = numbers('beat', path)
        tempo = numbers('tempo', path)
        return {'beats': beats, 'onsets': numbers('onset', path), **({'bpm': tempo[-1]} if tempo else {})}

    def speed(path):
        answers(path)
        for command in ['mfcc', 'melbands']:
            subprocess.run(['aubio', command, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {}
    return version, answers, speed


def with_essentia():
    import essentia
    essentia.log.infoActive = False
    essentia.log.warningActive = False
    import essentia.standard as es
    import numpy as np

    def chords(audio):
        size, hop = 8192, 2048
        window, spectrum = es.Windowing(type='blackmanharris62'), es.Spectrum()
        peaks = es.SpectralPeaks(orderBy='magnitude', magnitudeThreshold=1e-5, minFrequency=20, maxFrequency=3500,
                                 maxPeaks=60)
        hpcp = es.HPCP(size=36, referenceFrequency=440, harmonics=8, bandPreset=True, minFrequency=20,
                       maxFrequency=3500, weightType='cosine', nonLinear=False, windowSize=1.)
        frames = [hpcp(*peaks(spectrum(window(frame))))
                  for frame in es.FrameGenerator(audio, frameSize=size, hopSize=hop, startFromZero=True)]
        labels, _ = es.ChordsDetection(hopSize=hop, windowSize=2)(np.array(frames, dtype=np.float32))
        edges = np.arange(len(labels) + 1) * hop / 44100
        return spans(edges, [f'{label[:-1]}:min' if label.endswith('m') else f'{label}:maj' for label in labels])

    def sections(audio):
        mfcc = es.MFCC(numberCoefficients=13)
        window, spectrum = es.Windowing(type='hann'), es.Spectrum()
        rows = [mfcc(spectrum(window(frame)))[1] for frame in es.FrameGenerator(audio, frameSize=2048, hopSize=1024)]
        borders = es.SBic(size1=600, inc1=60, size2=300, inc2=20, cpw=1.5)(np.array(rows, dtype=np.float32).T)
        edges = sorted({0., *[float(b) * 1024 / 44100 for b in borders], len(audio) / 44100})
        return spans(edges, [f'part {i}' for i in range(len(edges) - 1)])

    def answers(path):
        audio = es.MonoLoader(filename=path, sampleRate=44100)()
        bpm, beats, _, _, _ = es.RhythmExtractor2013(method='multifeature')(audio)
        key, scale, _ = es.KeyExtractor()(audio)
        onsets, _ = es.OnsetRate()(audio)
        tuning = es.TuningFrequencyExtractor()(audio)
        return {'bpm': float(bpm), 'beats': [float(b) for b in beats], 'onsets': [float(t) for t in onsets],
                'key': {'tonic': NAMES[key], 'mode': scale}, 'tuningHz': float(np.median(tuning)),
                'chords': chords(audio), 'sections': sections(audio)}

    def speed(path):
        es.MusicExtractor(lowlevelStats=['mean', 'var'], rhythmStats=['mean', 'var'], tonalStats=['mean', 'var'])(path)
        return {}
    return essentia.__version__, answers, speed


def with_librosa():
    import librosa
    import numpy as np

    def answers(path, seconds=None):
        y, sr = librosa.load(path, sr=22050, duration=seconds)
        tempo, beats = librosa.beat.beat_track(y=y, sr=sr, units='time')
        chroma = librosa.feature.chroma_cqt(y=y, sr=sr)
        mean = chroma.mean(axis=1)
        scores = {(t, m): np.corrcoef(np.roll(p, t), mean)[0, 1] for m, p in PROFILES.items() for t in range(12)}
        tonic, mode = max(scores, key=scores.get)
        onsets = librosa.onset.onset_detect(y=y, sr=sr, units='time')
        off = librosa.estimate_tuning(y=y, sr=sr)
        parts = max(2, round(len(y) / sr / 15))
        borders = librosa.frames_to_time(librosa.segment.agglomerative(chroma, parts), sr=sr)
        edges = sorted({0., *[float(b) for b in borders], len(y) / sr})
        return {'bpm': float(np.atleast_1d(tempo)[0]), 'beats': [float(b) for b in beats],
                'key': {'tonic': tonic, 'mode': mode}, 'onsets': [float(t) for t in onsets],
                'tuningHz': float(440 * 2 ** (off / 12)),
                'sections': spans(edges, [f'part {i}' for i in range(len(edges) - 1)])}

    def speed(path, seconds=None):
        answers(path, seconds)
        y, sr = librosa.load(path, sr=44100, duration=seconds)
        features = librosa.feature
        magnitude = np.abs(librosa.stft(y))
        features.mfcc(y=y, sr=sr)
        features.spectral_centroid(S=magnitude, sr=sr)
        features.spectral_bandwidth(S=magnitude, sr=sr)
        features.spectral_contrast(S=magnitude, sr=sr)
        features.spectral_rolloff(S=magnitude, sr=sr)
        features.spectral_flatness(S=magnitude)
        features.zero_crossing_rate(y)
        features.rms(y=y)
        return {}
    return librosa.__version__, answers, speed


def used():
    """CPU seconds and greatest memory so far, of this process and those it waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in (own, children)), own.ru_maxrss / 1024, children.ru_maxrss / 1024


def main():
    system, command, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    try:
        version, answers, speed = {'aubio': with_aubio, 'librosa': with_librosa, 'essentia': with_essentia}[system]()
    except ImportError:
        sys.exit(3)
    if command == 'version':
        print(version)
        return
    run = {'answers': answers, 'speed': speed}[command]
    if system == 'librosa' and files:
        run(files[0], 10)  # just-in-time compilation is not the tool's speed
    for path in files:
        before, _, _ = used()
        answer = run(path)
        after, own, children = used()
        peak = children if system == 'aubio' else own
        print(json.dumps({'answer': answer, 'cpuSec': after - before, 'peakMb': peak}), flush=True)


main()
