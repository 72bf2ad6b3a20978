package io.modelassay.assertions;

import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Subject;
import io.modelassay.failure.Counted;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/**
 * What can be asserted of everything that has tensors on disk.
 *
 * @param <S> the assert class
 * @param <A> what it asserts on
 */
@API(status = API.Status.EXPERIMENTAL)
public abstract class AbstractArtifactAssert<S extends AbstractArtifactAssert<S, A>, A> extends AbstractAssert<S, A> {
    /** For subclasses. */
    AbstractArtifactAssert(@Nullable A actual, Class<S> type) {
        super(actual, type);
    }

    abstract Checkpoint checkpoint();

    abstract String kind();

    abstract String name();

    /** What figures are of. */
    Subject subject() {
        return Subject.stored(name());
    }

    abstract LoadReport loadReport();

    abstract ScanReport storedScan();

    abstract void record(Figure figure);

    /** The values after decoding that a subclass also scans; none unless it overrides this. */
    List<TensorScan> decodedScan() {
        return List.of();
    }

    /**
     * No tensor holds a NaN, neither as it is stored nor as it decodes.
     *
     * <p>Every floating-point type of the format is scanned, FP8 and scales among them. A checkpoint without tensors fails.
     */
    public S hasNoNaNs() {
        isNotNull();
        checkValues("to have no NaN in its weights", "weights without NaN", "NaN", scan -> scan.nan() == 0);
        return myself;
    }

    /**
     * No tensor holds a NaN or an infinity, neither as it is stored nor as it decodes.
     *
     * <p>A checkpoint without tensors fails.
     */
    public S hasOnlyFiniteWeights() {
        isNotNull();
        checkValues("to have only finite weights", "finite weights", "NaN or infinities", TensorScan::isFinite);
        return myself;
    }

    private interface Healthy {
        boolean test(TensorScan scan);
    }

    private void checkValues(String expectation, String check, String defect, Healthy healthy) {
        ScanReport stored = storedScan();
        requireSomething(stored.tensors().size(), "tensors to scan", "the folder that holds the weights");
        List<TensorScan> decoded = decodedScan();
        List<String> found = new ArrayList<>();
        stored.tensors().stream().filter(scan -> !healthy.test(scan)).forEach(scan -> found.add(describe(scan, "")));
        boolean onlyDecoded = found.isEmpty();
        decoded.stream()
                .filter(scan -> !healthy.test(scan))
                .forEach(scan -> found.add(describe(scan, " after decoding")));
        int total = stored.tensors().size() + decoded.size();
        String scanned = decoded.isEmpty()
                ? Counted.of(total, "tensor")
                : stored.tensors().size() + " stored and " + decoded.size() + " decoded tensors";
        check(check)
                .expecting(expectation)
                .none("tensors", found.size())
                .among(total + " tensors scanned")
                .otherwise(
                        failure -> failure.but(found.size() + " of " + scanned + " "
                                        + Failure.verb(found.size(), "holds ", "hold ") + defect + ":")
                                .items(found)
                                .from(checkpoint().folder() + ", sha256 "
                                        + checkpoint().contentHash().substring(0, 12) + "…")
                                .then(
                                        onlyDecoded
                                                ? "a compute type of larger range, dtype = DType.BF16, or keep for these modules"
                                                : "convert the checkpoint again from its source; a later step does not repair it"))
                .ifPresent(this::fail);
    }

    /** A check of this artifact. */
    final Check check(String check) {
        return Check.of(kind(), subject(), this::record, check);
    }

    static String describe(TensorScan scan, String when) {
        StringJoiner counts = new StringJoiner(" and ");
        if (scan.nan() > 0) {
            counts.add(scan.nan() + " NaN");
        }
        if (scan.inf() > 0) {
            counts.add(scan.inf() + " Inf");
        }
        String place = scan.firstNonFiniteIndex().isPresent()
                ? ", first at " + place(scan.firstNonFiniteIndex().getAsLong(), scan.shape())
                : "";
        return scan.name() + " " + scan.shape() + " " + scan.type().label() + when + ": " + counts + place;
    }

    /** {@code index 17 [0, 17]}: the flat index and the coordinates. */
    static String place(long index, Shape shape) {
        List<Long> coordinates = new ArrayList<>();
        long rest = index;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            coordinates.add(0, rest % shape.dimension(axis));
            rest /= shape.dimension(axis);
        }
        return "index " + index + " " + coordinates;
    }

    /** Every parameter of the architecture is stored, in its shape. A tied head may be absent. */
    public S hasNoMissingKeys() {
        isNotNull();
        LoadReport report = loadReport();
        requireSomething(report.checked(), "parameters in its architecture", "model_type in config.json");
        List<String> found = Stream.concat(
                        report.missing().stream(),
                        report.mismatched().stream()
                                .map(m ->
                                        m.name() + " is stored as " + m.stored() + ", the config says " + m.expected()))
                .toList();
        check("missing keys")
                .expecting("to have every parameter of its architecture")
                .none("keys", found.size())
                .among(report.checked() + " parameters expected")
                .otherwise(failure -> {
                    failure.but(incomplete(report)).items(found);
                    if (!report.missing().isEmpty()) {
                        failure.line("A loader initializes what is missing at random");
                    }
                    if (!report.mismatched().isEmpty()) {
                        failure.line("A loader refuses another shape");
                    }
                    return failure.from(folder())
                            .then("the checkpoint saved again by its model, or the config that belongs to it");
                })
                .ifPresent(this::fail);
        return myself;
    }

    /** {@code 1 of 50 parameters is missing and 2 have another shape:}. Omits zero counts. */
    private static String incomplete(LoadReport report) {
        int missing = report.missing().size();
        int mismatched = report.mismatched().size();
        String all = " of " + Counted.of(report.checked(), "parameter") + " ";
        String shape = Failure.verb(mismatched, "has", "have") + " another shape:";
        if (missing == 0) {
            return mismatched + all + shape;
        }
        return missing + all + Failure.verb(missing, "is", "are") + " missing"
                + (mismatched == 0 ? ":" : " and " + mismatched + " " + shape);
    }

    /** Nothing is stored that the architecture has no place for. */
    public S hasNoUnexpectedKeys() {
        isNotNull();
        LoadReport report = loadReport();
        int stored = checkpoint().tensors().size();
        requireSomething(stored, "stored tensors", "the folder that holds the weights");
        int unknown = report.unexpected().size();
        check("unexpected keys")
                .expecting("to have no tensor that its architecture does not know")
                .none("keys", unknown)
                .among(stored + " tensors stored")
                .otherwise(failure -> failure.but(unknown + " of " + Counted.of(stored, "stored tensor") + " "
                                + Failure.verb(unknown, "is", "are") + " unknown:")
                        .items(report.unexpected().stream()
                                .map(name -> checkpoint().tensor(name))
                                .map(tensor -> tensor.name() + " " + tensor.shape() + " "
                                        + tensor.type().label())
                                .toList())
                        .line("A loader ignores them")
                        .from(folder())
                        .then("the checkpoint without them, or the model_type that has them in config.json"))
                .ifPresent(this::fail);
        return myself;
    }

    /** A tensor of that name is stored. */
    public S hasTensor(String name) {
        isNotNull();
        int stored = checkpoint().tensors().size();
        check("tensor " + name)
                .expecting("to have the tensor " + name)
                .some("tensors", checkpoint().find(name).stream().count())
                .among(Counted.of(stored, "tensor") + " stored")
                .otherwise(failure -> failure.but("none of its " + Counted.of(stored, "tensor") + " has this name")
                        .from(folder())
                        .then(stored == 0 ? "the folder that holds the weights" : similar(name)))
                .ifPresent(this::fail);
        return myself;
    }

    private String similar(String name) {
        try {
            return checkpoint().tensor(name).name();
        } catch (CheckpointException e) {
            return e.nextStep();
        }
    }

    /** A module with a matrix, from the middle, where the layers are. */
    String anyModule() {
        List<String> modules = checkpoint().tensors().values().stream()
                .filter(tensor -> tensor.shape().rank() > 1)
                .map(tensor -> module(tensor.name()))
                .toList();
        return modules.isEmpty() ? "lm_head" : modules.get(modules.size() / 2);
    }

    static String module(String tensor) {
        int dot = tensor.lastIndexOf('.');
        return dot < 0 ? tensor : tensor.substring(0, dot);
    }

    /** A check over nothing fails. */
    void requireSomething(long count, String what, String nextStep) {
        if (count == 0) {
            fail(Failure.expecting(kind(), name(), "to have " + what)
                    .but("there are none, so nothing has been checked")
                    .from(folder())
                    .then(nextStep));
        }
    }

    /** Where the artifact lies, as provenance of what its headers tell. */
    String folder() {
        return checkpoint().folder().toString();
    }

    /** Fails with a text that is never a format string. */
    void fail(String message) {
        failWithMessage("%s", message);
    }
}
