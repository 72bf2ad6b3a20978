package io.modelassay.cli;

import io.modelassay.LoadSettings;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Protocol;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.inspection.TokenizerSampling;
import io.modelassay.quantization.Quantization;
import io.modelassay.report.ProgressLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Figures of a forward pass. */
@Command(
        name = "evaluate",
        description =
                "Measure perplexity on a text; with a reference or a quantization also drift, KL divergence and agreement.")
final class EvaluateVerb extends Verb {
    @Parameters(paramLabel = "FOLDER", description = "The model's folder.")
    private Path folder = Path.of("");

    @Option(names = "--reference", paramLabel = "FOLDER", description = "Compare with this model, token by token.")
    private @Nullable Path reference;

    @Option(
            names = "--quantize",
            paramLabel = "SPEC",
            converter = QuantizationSpec.class,
            description = {
                "Quantize the weights first, and compare with the model as it is stored:",
                "rtn:bits=4,group=128  nf4:double  fp8:block  llm-int8"
            })
    private @Nullable Quantization quantization;

    @ArgGroup(exclusive = false)
    private @Nullable WithAdapter with;

    /** The adapter to put into the model. */
    static final class WithAdapter {
        @Option(
                names = "--adapter",
                paramLabel = "FOLDER",
                required = true,
                description = "Put this PEFT adapter into the model, and compare with the model without it.")
        private Path folder = Path.of("");

        @Option(
                names = "--merged",
                description = "Merge the adapter into the weights instead of computing it beside them.")
        private boolean merged;

        ModelUnderTest in(ModelUnderTest model, PeftAdapter adapter) {
            return merged ? model.withMergedAdapter(adapter) : model.withAdapter(adapter);
        }
    }

    @ArgGroup(multiplicity = "1")
    private Tokens tokens = new Tokens();

    /** What to evaluate on. */
    static final class Tokens {
        @Option(names = "--text", paramLabel = "FILE", description = "A UTF-8 text.")
        private @Nullable Path text;

        @Option(names = "--tokens", paramLabel = "FILE", description = "A JSON array of token ids.")
        private @Nullable Path ids;

        Text read() {
            Path file = ids == null ? text : ids;
            if (file == null || !Files.isReadable(file)) {
                throw new InvalidRequestException("The text " + file + " cannot be read", "another path");
            }
            return ids == null ? Text.of(file) : Text.ofTokens(file);
        }

        String name() {
            Path file = ids == null ? text : ids;
            return file == null ? "no text" : String.valueOf(file.getFileName());
        }
    }

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "Tokens in a window; by default the model's context, at most 2048.")
    private @Nullable Integer window;

    @Mixin
    private ComputeOptions compute = new ComputeOptions();

    @Mixin
    private LimitOptions limits = new LimitOptions();

    @Option(
            names = "--logits",
            paramLabel = "FILE",
            description =
                    "Write the logits of every position to this safetensors file: F32 \"logits\" [positions, vocabulary].")
    private @Nullable Path logits;

    @Override
    Outcome run(ProgressLine progress) {
        Text text = tokens.read();
        if (window != null && window < 2) {
            throw misused("--window: a window has at least 2 tokens, not " + window);
        }
        limits.check(this, compares());
        LoadSettings settings = LoadSettings.of(folder).on(compute.device()).computingIn(compute.dtype());
        if (quantization != null) {
            settings = settings.quantize(quantization);
        }
        if (reference != null) {
            settings = settings.against(reference);
        }
        Evaluator evaluator = new Evaluator(ReferenceCache.ifConfigured(), progress, Recorder.NONE);
        try (ModelUnderTest model = ModelAssay.open(settings).load(evaluator)) {
            return with == null ? evaluate(model, text) : evaluate(with, model, text);
        }
    }

    private Outcome evaluate(WithAdapter chosen, ModelUnderTest model, Text text) {
        if (reference != null) {
            throw misused("--adapter: the reference is the model without the adapter, so --reference has no place");
        }
        try (PeftAdapter adapter = PeftAdapter.open(chosen.folder)) {
            return evaluate(chosen.in(model, adapter), text);
        }
    }

    private Outcome evaluate(ModelUnderTest model, Text text) {
        int[] ids = model.tokens(text);
        requireVocabulary(model, ids);
        Text tokenized = Text.ofTokens(ids);
        Protocol protocol = window == null ? model.protocol() : new Protocol(window);
        Optional<Comparison> comparison =
                compares() ? Optional.of(model.comparison(tokenized, protocol)) : Optional.empty();
        Perplexity perplexity =
                comparison.map(Comparison::subject).orElseGet(() -> model.perplexity(tokenized, protocol));
        List<int[]> windows = protocol.windows(ids);
        if (logits != null) {
            write(model, windows, logits);
        }
        List<Finding> findings = findings(model, tokenized, protocol, perplexity, comparison);
        Evaluation evaluation =
                new Evaluation(model, tokens.name(), ids.length, windows, perplexity, comparison, findings);
        boolean holds = findings.stream().noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
        return new Outcome(evaluation.document(), evaluation.text(), holds);
    }

    private boolean compares() {
        return reference != null || quantization != null || with != null;
    }

    private void requireVocabulary(ModelUnderTest model, int[] ids) {
        int vocabulary = vocabulary(model);
        int other = vocabulary(model.reference());
        if (other != vocabulary) {
            throw misused("--reference: it has a vocabulary of " + other + " tokens, the artifact of " + vocabulary
                    + ", so their predictions cannot be compared token by token");
        }
        int largest = IntStream.of(ids).max().orElse(0);
        // Where the config does not fit the embedding, its vocabulary is what is wrong, and loading says so.
        boolean fits = model.loadReport().mismatched().isEmpty();
        if (tokens.ids != null && largest >= vocabulary && fits) {
            throw misused("--tokens: token id " + largest + " is beyond the vocabulary of " + vocabulary);
        }
    }

    private static int vocabulary(ModelUnderTest model) {
        return model.plan()
                .orElseGet(() -> Architectures.require(model.config()))
                .decoder()
                .vocabularySize();
    }

    private static void write(ModelUnderTest model, List<int[]> windows, Path file) {
        long positions = windows.stream().mapToLong(ids -> ids.length).sum();
        int vocabulary = vocabulary(model);
        try (SafetensorsWriter writer = SafetensorsWriter.to(file)
                .tensor("logits", TensorType.F32, Shape.of(positions, vocabulary))
                .open()) {
            model.logits(windows, rows -> writer.write("logits", rows));
            writer.commit();
        }
    }

    private List<Finding> findings(
            ModelUnderTest model,
            Text text,
            Protocol protocol,
            Perplexity perplexity,
            Optional<Comparison> comparison) {
        List<Finding> findings = new ArrayList<>();
        if (tokens.ids == null) {
            TokenizerSampling.finding(model.checkpoint()).ifPresent(findings::add);
        }
        int context = model.plan().orElseThrow().decoder().maxPositions();
        if (protocol.window() > context) {
            findings.add(new Finding(
                    "window-exceeds-context",
                    Finding.Severity.WARNING,
                    model.name(),
                    "The window of " + protocol.window() + " tokens exceeds the model's context of " + context,
                    "a window of at most " + context));
        }
        if (!Double.isFinite(perplexity.value())) {
            findings.add(new Finding(
                    "non-finite-perplexity",
                    Finding.Severity.ERROR,
                    model.name(),
                    "The perplexity is " + perplexity.value()
                            + model.firstNonFiniteActivation(text)
                                    .map(place -> "; the first value that is not finite comes out of " + place.module()
                                            + " at token " + place.token() + ", channel " + place.channel())
                                    .orElse("; every activation is finite"),
                    "scan, which finds stored values that are not finite; and --dtype bf16 or fp32 against overflow"));
        }
        comparison
                .map(Comparison::reference)
                .filter(other -> !Double.isFinite(other.value()))
                .ifPresent(other -> findings.add(new Finding(
                        "non-finite-reference-perplexity",
                        Finding.Severity.ERROR,
                        model.reference().name(),
                        "The perplexity of the reference is " + other.value() + ", so nothing can be compared with it",
                        "evaluate the reference alone")));
        // What is not finite is told once, and holds against no limit.
        if (findings.stream().noneMatch(finding -> finding.severity() == Finding.Severity.ERROR)) {
            comparison.ifPresent(to -> findings.addAll(limits.findings(model, to)));
        }
        return findings;
    }
}
