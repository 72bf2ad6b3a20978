package io.modelassay.quantization;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.apiguardian.api.API;

/**
 * A way to quantize weights, told in one class: its grid, its codec, its settings, whether it needs a calibration, how its tools
 * compute, what its codes are (which decides the default limits), and the layouts that hold it.
 *
 * <p>A class becomes known by its name in {@code META-INF/services/io.modelassay.quantization.QuantizationMethod}; it needs a
 * public constructor without parameters. From then on {@link Quantization#of(String)}, the command line, the annotations, the
 * diagnosis and the default limits know it by its {@link #name}.
 */
@API(status = API.Status.EXPERIMENTAL)
public interface QuantizationMethod {
    /** The name in lower case with hyphens, such as {@code llm-int8}. */
    String name();

    /** The name in messages and labels, such as {@code LLM_INT8}. */
    default String title() {
        return name().toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** The bits and groups that it can have. */
    GridChoices grids();

    /** What its codes are. Methods whose codes are alike lose alike, so one default limit fits them. */
    CodeKind codes();

    /** A short name of {@code quantization}, such as {@code int4 g128 RTN}. */
    default String label(Quantization quantization) {
        String extent =
                quantization.groupSize() == Quantization.PER_CHANNEL ? "per channel" : "g" + quantization.groupSize();
        boolean shifted = grids().choosesZero() && !quantization.symmetric();
        return "int" + quantization.bits() + " " + extent + (shifted ? " asymmetric " : " ") + title();
    }

    /** Its settings where none are asked for. */
    default MethodSettings settings() {
        return new MethodSettings.None(name());
    }

    /** Settings that can be asked for by name. */
    default List<MethodOption> options() {
        return List.of();
    }

    /** Whether a text must flow through the model while it is quantized. */
    default boolean needsCalibration() {
        return false;
    }

    /** The kernels that encode and decode one weight; for a method that needs a calibration there are none. */
    default Codec codec(Quantization quantization) {
        throw new IllegalStateException(
                quantization.label() + " needs a calibration text, so no kernel encodes it alone");
    }

    /** The kernels for weights that are stored. Scales are computed in the type in which they are stored. */
    default Codec storedCodec(Quantization quantization) {
        return codec(quantization);
    }

    /** Whether rows of a weight are encoded by themselves, so that a large weight can be encoded in parts. */
    default boolean encodesSingleRows() {
        return false;
    }

    /** Names of the layouts that hold it, the one that its own tool writes first; empty where none does. */
    default List<String> formats() {
        return List.of();
    }

    /** The arithmetic of its tool at these settings. */
    ToolArithmetic arithmetic(Quantization quantization);

    /** The arithmetic of each of its tools and their versions, in the order in which they are listed. */
    List<ToolArithmetic> arithmetics();

    /** Whether single modules, the head among them, may have settings of their own. */
    default boolean takesRules() {
        return false;
    }

    /** Settings of a rule beyond {@code bits}, {@code group_size} and {@code sym}, each with how its value is read. */
    default Map<String, Function<String, Object>> ruleSettings() {
        return Map.of();
    }

    /** {@code settings} with those {@link #ruleSettings} that a rule gives. */
    default MethodSettings ruled(MethodSettings settings, Map<String, Object> rule) {
        return settings;
    }

    /** The settings of the head, where it is quantized and no rule names it. */
    default String headRule() {
        return "bits:8,group_size:32,sym:true";
    }
}
