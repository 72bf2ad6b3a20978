package io.modelassay.evaluation;

import io.modelassay.checkpoint.ContentHash;
import io.modelassay.runtime.ActivationKernels;
import io.modelassay.runtime.Activations;
import io.modelassay.runtime.ForwardSketch;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.OutputErrors;
import io.modelassay.runtime.PaddedBatch;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.SameShape;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TensorSketch;
import io.modelassay.runtime.VocabularyHead.TokenComparison;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/**
 * Computes figures, each once: results are kept for the life of the evaluator under content hashes of everything they
 * depend on, and forward passes of references on disk too.
 */
@API(status = API.Status.INTERNAL)
public final class Evaluator {
    /** The module that gives the logits, also where its weight is the embedding's. */
    private static final String HEAD = "lm_head";

    private final ReferenceCache references;
    private final Progress progress;
    private final Recorder recorder;
    private final Map<List<Object>, Perplexity> perplexities = new ConcurrentHashMap<>();
    private final Map<List<Object>, Comparison> comparisons = new ConcurrentHashMap<>();
    private final Map<List<Object>, List<TensorSketch>> traces = new ConcurrentHashMap<>();
    private final Map<List<Object>, List<OutputErrors.ModuleError>> outputErrors = new ConcurrentHashMap<>();

    /**
     * An evaluator.
     *
     * @param references where forward passes of references are kept
     * @param progress told of long work
     * @param recorder told of what is found
     */
    public Evaluator(ReferenceCache references, Progress progress, Recorder recorder) {
        this.references = references;
        this.progress = progress;
        this.recorder = recorder;
    }

    /** Told of comparisons and checks. */
    public Recorder recorder() {
        return recorder;
    }

    /** Perplexity of {@code model} over {@code tokens}. */
    public Perplexity perplexity(LanguageModel model, int[] tokens, Protocol protocol) {
        List<Object> key = List.of(model.key(), hash(tokens), protocol.id());
        return perplexities.computeIfAbsent(key, unused -> {
            try (Activations last = model.decoder()
                    .run(protocol.windows(tokens), (layer, output) -> {}, progress.about(model.name()))) {
                return Perplexity.of(model.head().negativeLogLikelihood(last), protocol, model);
            }
        });
    }

    private static String hash(int[] tokens) {
        return ContentHash.ofTokens(List.of(tokens));
    }

    /** What {@code model} makes of the first positions of {@code tokens}, every weight and output. */
    public List<TensorSketch> trace(LanguageModel model, int[] tokens, Protocol protocol) {
        int[] window = protocol.windows(tokens).get(0);
        return traces.computeIfAbsent(
                List.of(model.key(), hash(window)),
                unused -> ForwardSketch.of(model, window, progress.about(model.name())));
    }

    /** Compares {@code subject} with {@code reference} over {@code tokens}. */
    public Comparison compare(LanguageModel reference, LanguageModel subject, int[] tokens, Protocol protocol) {
        SameShape.require(reference, subject);
        List<Object> key = List.of(reference.key(), subject.key(), hash(tokens), protocol.id());
        return comparisons.computeIfAbsent(key, unused -> {
            List<int[]> windows = protocol.windows(tokens);
            try (ForwardRun expected = references.get(reference, windows, () -> run(reference, windows), progress);
                    ForwardRun actual = run(subject, windows)) {
                TokenComparison figures = reference.head().compare(expected.last(), subject.head(), actual.last());
                return Comparison.of(
                        figures,
                        Perplexity.of(figures.reference(), protocol, reference),
                        Perplexity.of(figures.other(), protocol, subject),
                        layerErrors(reference, expected, actual));
            }
        });
    }

    private ForwardRun run(LanguageModel model, List<int[]> windows) {
        ActivationKernels kernels = new ActivationKernels(model.engine());
        List<Tensor> samples = new ArrayList<>();
        Activations last = model.decoder()
                .run(windows, (layer, output) -> samples.add(kernels.sample(output)), progress.about(model.name()));
        return new ForwardRun(last, samples);
    }

    private static List<Comparison.LayerError> layerErrors(
            LanguageModel model, ForwardRun expected, ForwardRun actual) {
        ActivationKernels kernels = new ActivationKernels(model.engine());
        List<String> names = model.plan().decoder().layers();
        List<Comparison.LayerError> errors = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            double error = kernels.relativeError(
                    expected.layerSamples().get(i), actual.layerSamples().get(i));
            errors.add(new Comparison.LayerError(names.get(i), error));
        }
        return errors;
    }

    /** Logits of every position of {@code tokens} as one window, {@code [positions][vocabulary]}. */
    public float[][] logits(LanguageModel model, List<int[]> windows) {
        try (Activations last = model.decoder().run(windows, (layer, output) -> {}, progress.about(model.name()))) {
            return model.head().logits(last);
        }
    }

    /** Logits of the tokens of each prompt of {@code batch}, {@code [positions][vocabulary]}. */
    public List<float[][]> logits(LanguageModel model, PaddedBatch batch) {
        try (Activations last = model.decoder().run(batch, progress.about(model.name()))) {
            float[][] rows = model.head().logits(last);
            List<float[][]> prompts = new ArrayList<>();
            for (int[] prompt : batch.prompts()) {
                int from = prompts.size() * batch.length() + batch.start(prompts.size());
                prompts.add(Arrays.copyOfRange(rows, from, from + prompt.length));
            }
            return prompts;
        }
    }

    /** Error of each linear module's output on the first window of {@code tokens}, largest first. */
    public List<OutputErrors.ModuleError> outputErrors(
            LanguageModel reference, LanguageModel subject, int[] tokens, Protocol protocol) {
        List<Object> key = List.of(reference.key(), subject.key(), hash(tokens), protocol.id());
        return outputErrors.computeIfAbsent(
                key,
                unused -> OutputErrors.of(
                        reference, subject, protocol.windows(tokens).get(0)));
    }

    /** Frobenius norm of the output of each of {@code modules} over {@code window}, {@code [positions, channels]}. */
    public SortedMap<String, Double> outputNorms(LanguageModel model, int[] window, Set<String> modules) {
        ActivationKernels kernels = new ActivationKernels(model.engine());
        SortedMap<String, Double> norms = new TreeMap<>();
        model.decoder()
                .trace(
                        List.of(window),
                        (module, results) -> {
                            if (modules.contains(module)) {
                                norms.put(module, kernels.norm(results.hidden()));
                            }
                            return Optional.empty();
                        },
                        progress.about(model.name()));
        return norms;
    }

    /** Hands the logits of every position of {@code windows} to {@code rows}; see {@link io.modelassay.runtime.VocabularyHead}. */
    public void logits(LanguageModel model, List<int[]> windows, Consumer<ByteBuffer> rows) {
        try (Activations last = model.decoder().run(windows, (layer, output) -> {}, progress.about(model.name()))) {
            model.head().logits(last, rows);
        }
    }

    /** The first non-finite value of a forward pass over {@code tokens}, if there is one. */
    public Optional<NonFiniteActivation> firstNonFinite(LanguageModel model, int[] tokens, Protocol protocol) {
        ActivationKernels kernels = new ActivationKernels(model.engine());
        List<int[]> windows = protocol.windows(tokens);
        String norm = model.plan().decoder().finalNorm();
        return model.decoder()
                .trace(
                        windows,
                        (module, batch) -> {
                            Optional<NonFiniteActivation> found =
                                    place(module, kernels.nonFinite(batch.hidden()), batch, windows);
                            return found.isEmpty() && norm.startsWith(module + ".")
                                    ? place(HEAD, model.head().nonFinite(batch), batch, windows)
                                    : found;
                        },
                        progress.about(model.name()));
    }

    private static Optional<NonFiniteActivation> place(
            String module, long[] place, Activations.Batch batch, List<int[]> windows) {
        if (place[0] == 0) {
            return Optional.empty();
        }
        long window = windows.indexOf(batch.windows().get((int) place[1]));
        long token = window * windows.get(0).length + place[2];
        return Optional.of(new NonFiniteActivation(module, place[0], token, place[3]));
    }
}
