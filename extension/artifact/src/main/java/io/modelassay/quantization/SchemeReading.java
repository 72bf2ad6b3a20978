package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** What schemes may consult while they read modules, and where they tell what is wrong. */
@API(status = API.Status.EXPERIMENTAL)
public final class SchemeReading {
    private static final int LONGEST_QUOTE = 80;

    private final Checkpoint checkpoint;
    private final @Nullable QuantizationConfig config;
    private final @Nullable ModelPlan plan;
    private final List<Finding> findings = new ArrayList<>();
    private final NavigableSet<String> missing = new TreeSet<>();
    private final Map<WrongType, List<String>> wrongTypes = new LinkedHashMap<>();
    private final List<PartMismatch> mismatched = new ArrayList<>();

    SchemeReading(Checkpoint checkpoint, @Nullable QuantizationConfig config, @Nullable ModelPlan plan) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.plan = plan;
    }

    /** A part that one module after another stores in a type that the scheme does not know: one cause. */
    private record WrongType(String part, TensorType stored, Set<TensorType> known) {
        Finding finding(List<String> names) {
            String knownAs = known.stream().map(TensorType::label).sorted().collect(Collectors.joining(" or "));
            return new Finding(
                    "unexpected-part-type",
                    Severity.ERROR,
                    names.get(0),
                    names.size() == 1
                            ? "The tensor is stored as " + stored.label() + "; this scheme knows it as " + knownAs
                            : "This and the " + part + " of " + (names.size() - 1) + " more modules are stored as "
                                    + stored.label() + "; this scheme knows them as " + knownAs,
                    "save the checkpoint again with the tool that quantized it");
        }
    }

    /** A part whose shape does not fit the module's other parts. */
    record PartMismatch(String name, Shape stored, Shape expected) {}

    /** The checkpoint that is read. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** What the files declare of the quantization; the one that transformers reads. */
    public Optional<QuantizationConfig> config() {
        return Optional.ofNullable(config);
    }

    /** Whether {@code name} is a parameter of the architecture, where that is known. */
    boolean isParameter(String name) {
        return plan != null && plan.parameter(plan.canonical(name)).isPresent();
    }

    /** The shape that the architecture gives the weight of {@code module}, where it is known. */
    public Optional<Shape> expected(String module) {
        return plan == null
                ? Optional.empty()
                : plan.parameter(plan.resolve(module + ".weight")).map(Parameter::shape);
    }

    /**
     * The part of that name in one of {@code types}.
     *
     * @return nothing where it is absent, which is told as missing, or of another type, which is told as an error
     */
    public Optional<TensorInfo> require(ModuleTensors module, String part, Set<TensorType> types) {
        Optional<TensorInfo> found = module.find(part);
        if (found.isEmpty()) {
            missing.add(module.name(part));
            return Optional.empty();
        }
        if (!types.contains(found.get().type())) {
            wrongTypes
                    .computeIfAbsent(new WrongType(part, found.get().type(), types), any -> new ArrayList<>())
                    .add(module.name(part));
            return Optional.empty();
        }
        return found;
    }

    /** Whether {@code tensor} has this shape; where it has not, that is told. */
    public boolean hasShape(TensorInfo tensor, Shape shape) {
        if (!tensor.shape().equals(shape)) {
            mismatched.add(new PartMismatch(tensor.name(), tensor.shape(), shape));
            return false;
        }
        return true;
    }

    /** The type that the model's config names. */
    public TensorType modelType() {
        return FloatTypes.of(checkpoint.config());
    }

    /** The first bytes of a tensor, at most {@code most}. */
    ByteBuffer bytes(TensorInfo tensor, int most) {
        return checkpoint.map(tensor, 0, (int) Math.min(most, tensor.byteLength()));
    }

    /** {@code text}, which came out of a file, for a message: bounded, without control characters. */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().limit(LONGEST_QUOTE).forEach(c -> {
            if (c < ' ' || c >= 0x7F || c == '"' || c == '\\') {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        boolean cut = text.codePointCount(0, text.length()) > LONGEST_QUOTE;
        return quoted.append(cut ? "…\"" : "\"").toString();
    }

    /** Tells of something with which a loader fails or computes nonsense. */
    public void error(String id, String subject, String message, String nextStep) {
        findings.add(new Finding(id, Severity.ERROR, subject, message, nextStep));
    }

    /** Tells of something odd. */
    public void warning(String id, String subject, String message, String nextStep) {
        findings.add(new Finding(id, Severity.WARNING, subject, message, nextStep));
    }

    List<Finding> findings() {
        List<Finding> all = new ArrayList<>(findings);
        wrongTypes.forEach((wrong, names) -> all.add(wrong.finding(names)));
        return all;
    }

    /** How much has been told so far of what is wrong, absent parts aside. */
    int told() {
        return findings.size()
                + mismatched.size()
                + wrongTypes.values().stream().mapToInt(List::size).sum();
    }

    NavigableSet<String> missing() {
        return missing;
    }

    List<PartMismatch> mismatched() {
        return mismatched;
    }
}
