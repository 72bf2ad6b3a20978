package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.apiguardian.api.API;

/**
 * A layout in which a library stores quantized weights. One class a layout, named in {@code
 * META-INF/services/io.modelassay.quantizer.ArtifactFormat}; the methods that it holds have its name among their {@link
 * io.modelassay.quantization.QuantizationMethod#formats formats}.
 */
@API(status = API.Status.INTERNAL)
public interface ArtifactFormat {
    /**
     * A tensor that stands for a module's weight.
     *
     * @param suffix its name within the module
     */
    record Part(String suffix, TensorType type, Shape shape) {}

    /**
     * What a config tells of an artifact.
     *
     * @param quantized names of the modules that are quantized
     * @param kept names of the linear modules that stay as they are
     * @param heads names of the modules that make logits, which stay as they are, too
     * @param type type that the quantized weights had
     */
    record Contents(
            Quantization quantization,
            List<String> quantized,
            List<String> kept,
            List<String> heads,
            TensorType type) {}

    /** The name by which people ask for it. */
    String name();

    /** What it stores, for people, such as {@code integer codes with integer zero points}. */
    String content();

    /** Why this layout cannot hold {@code quantization}, whose method it holds at other settings, or nothing. */
    default String refusal(Quantization quantization) {
        return "";
    }

    /** Why this layout, which holds {@code quantization}, cannot hold that of a weight {@code [out, in]}, or nothing. */
    default String refusal(Shape weight, Quantization quantization) {
        return "";
    }

    /** Which releases of the layout's own library refuse {@code quantization} in it, with their reason; or nothing. */
    default String refusedByNewest(Quantization quantization) {
        return "";
    }

    /** What is to be told of {@code modules}, quantized and stored so, whatever their settings. */
    default Optional<Finding> note(List<ModuleReport> modules) {
        return Optional.empty();
    }

    /** The tensors of a module that stand for {@code weight}. */
    List<Part> parts(TensorInfo weight, Quantization quantization);

    /** Kernel files beside {@link io.modelassay.quantization.Codec} with {@code pack(parts, options)}. */
    List<String> kernels();

    /** What {@code pack} reads by name. */
    Map<String, Long> options(Quantization quantization);

    /** Hands the bytes of the {@link #parts} by their suffixes to {@code out}. */
    default void pack(
            TensorInfo weight,
            Map<String, Tensor> parts,
            Quantization quantization,
            Kernels kernels,
            BiConsumer<String, ByteBuffer> out) {
        kernels.callMap("pack", parts, options(quantization)).forEach((suffix, tensor) -> {
            try (tensor) {
                out.accept(suffix, kernels.bytes(tensor));
            }
        });
    }

    /** Writes the members of {@code quantization_config}. */
    void config(Contents contents, JsonGenerator json) throws IOException;

    /** Another file in which the layout's own tool looks for the same members, or nothing. */
    default String configFile() {
        return "";
    }
}
