package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A layout in which a library stores quantized weights. One file a layout. */
interface ArtifactFormat {
    /**
     * A tensor that stands for a module's weight.
     *
     * @param suffix its name within the module
     */
    record Part(String suffix, TensorType type, Shape shape) {}

    /** The name by which people ask for it. */
    String name();

    /** Why this layout cannot hold {@code quantization}, or nothing. */
    String refusal(Quantization quantization);

    /** The tensors of a module whose weight is {@code [out, in]}. */
    List<Part> parts(Shape weight, Quantization quantization);

    /** Kernel files beside {@link io.modelassay.quantization.Codec} with {@code pack(parts, options)}. */
    List<String> kernels();

    /** What {@code pack} reads by name. */
    Map<String, Long> options(Quantization quantization);

    /** Writes the members of {@code quantization_config}. */
    void config(QuantizationPlan plan, List<String> allLinear, JsonGenerator json) throws IOException;

    /** Another file in which the layout's own tool looks for the same members, or nothing. */
    String configFile();
}
