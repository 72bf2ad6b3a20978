package io.modelassay.quantizer;

import io.modelassay.checkpoint.Finding;
import io.modelassay.quantization.AwqMethod;
import io.modelassay.quantization.Quantization;
import java.util.Optional;
import org.apiguardian.api.API;

/** AWQ over the layers of a model. */
@API(status = API.Status.INTERNAL)
public final class CalibratedAwq implements CalibratedMethod {
    @Override
    public String name() {
        return AwqMethod.NAME;
    }

    @Override
    public LayerQuantizer start(Job job) {
        return new AwqQuantizer(job.source(), job.quantization(), job.fallbacks(), job.engine());
    }

    @Override
    public Optional<Finding> finding(ModuleReport module, Quantization quantization) {
        if (!module.fallback().isEmpty()) {
            return Optional.of(new Finding(
                    "quantizer-fallback",
                    Finding.Severity.WARNING,
                    module.module(),
                    "Its inputs have no scales, since it shares them with a module that is kept or no ratio"
                            + " left a finite error",
                    "keep all modules of one input, or none"));
        }
        return module.ratio() == null
                ? Optional.of(new Finding(
                        "awq-inputs-unscaled",
                        Finding.Severity.INFO,
                        module.module(),
                        "What feeds it has fewer channels than it has inputs (grouped-query attention), so they have no"
                                + " scales",
                        "nothing; every tool leaves these out"))
                : Optional.empty();
    }
}
