package io.modelassay.quantizer;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Providers;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.TorchEngine;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;

/**
 * What a {@link io.modelassay.quantization.QuantizationMethod} that needs a calibration does with the model's layers. One class
 * a method, named in {@code META-INF/services/io.modelassay.quantizer.CalibratedMethod}; it may be the class of the method.
 */
@API(status = API.Status.INTERNAL)
public interface CalibratedMethod {
    /**
     * What is to be quantized.
     *
     * @param source says in which type a changed parameter will be stored
     * @param fallbacks what may be done where the method fails
     */
    record Job(Checkpoint source, Quantization quantization, Set<Fallback> fallbacks, TorchEngine engine) {}

    /** The name of the method. */
    String name();

    /** Quantizes the layers of one model; the caller closes it. */
    LayerQuantizer start(Job job);

    /** What did not go as {@code quantization} asks for in one module. */
    Optional<Finding> finding(ModuleReport module, Quantization quantization);

    /** The procedure of {@code quantization}, if its method has one. */
    static Optional<CalibratedMethod> of(Quantization quantization) {
        return Known.ALL.stream()
                .filter(known -> known.name().equals(quantization.method().name()))
                .findFirst();
    }

    /** Those on the class path, looked for when first asked for. */
    final class Known {
        private static final List<CalibratedMethod> ALL = Providers.of(CalibratedMethod.class, CalibratedMethod::name);

        private Known() {}
    }
}
