package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * One family of formats for quantized weights: told by its tensors, explained by the config. One class a family, named in
 * {@code META-INF/services/io.modelassay.quantization.Scheme}, with a public constructor without parameters. Where two know
 * the same parts of a module, the one that is named first is asked first.
 */
@API(status = API.Status.EXPERIMENTAL)
public interface Scheme {
    /** Names within a module that only modules of this and of closely related schemes have. */
    Set<String> markers();

    /** Every name within a module that stands there, or is gone, because the module is of this scheme. */
    Set<String> parts();

    /** Parts that hold packed codes, whatever type they are labelled with; their elements are no numbers. */
    default Set<String> codes() {
        return Set.of();
    }

    /** Values of {@code quant_method} under which quantizers write this scheme. */
    Set<String> methods();

    /**
     * Reads a module that has one of the {@link #markers}. What is wrong is told to {@code reading}; a weight with which
     * nothing can be decoded is left out.
     *
     * @return the module's weights, or nothing where the tensors turn out to be of another scheme
     */
    List<PackedWeight> read(ModuleTensors module, SchemeReading reading);

    /**
     * Names within {@code module} that a loader which trusts {@code config} looks for; nothing where the config leaves the
     * module as it is, or where loaders quantize a stored 16-bit weight on the fly.
     */
    List<String> required(String module, QuantizationConfig config);

    /** Bits and group size that {@code config} declares for {@code module}. */
    default Declared declared(String module, QuantizationConfig config) {
        return new Declared(config.bits(), config.groupSize());
    }

    /**
     * Other readings of the same tensors, by the id of the finding that says so where one of them fits a reference and the
     * declared reading does not, such as {@code nibbles-swapped}. Their kernels may look at the reference, in a part of that
     * name.
     */
    default Map<String, Codec> alternatives(PackedWeight weight) {
        return Map.of();
    }

    /**
     * The codec that quantizes a changed weight as this one is, for formats that their own library quantizes again;
     * decodes in float32.
     */
    default Optional<Codec> requantization(PackedWeight weight) {
        return Optional.empty();
    }

    /**
     * Which modules an entry means that stands in the config's list of modules in full precision, where {@code quant_method}
     * has rules of its own; nothing where transformers' rules hold.
     *
     * @param entry as the list has it
     * @param key the key of the list
     */
    default Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return Optional.empty();
    }

    /** What the values of small parts, read without an engine, show to be wrong. */
    default List<Finding> valueFindings(
            PackedWeight weight, Checkpoint checkpoint, Optional<QuantizationConfig> config) {
        return List.of();
    }

    /** What a config declares of a module; nothing where it is silent. */
    record Declared(OptionalLong bits, OptionalLong groupSize) {
        /** Silence. */
        public static final Declared NOTHING = new Declared(OptionalLong.empty(), OptionalLong.empty());
    }
}
