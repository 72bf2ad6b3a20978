package io.modelassay.quantizer;

import io.modelassay.checkpoint.Finding;
import io.modelassay.quantization.GptqMethod;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;

/** GPTQ over the layers of a model. */
@API(status = API.Status.INTERNAL)
public final class CalibratedGptq implements CalibratedMethod {
    /** By how much a damping may be off for rounding alone. */
    private static final double ROUNDING = 1e-9;

    @Override
    public String name() {
        return GptqMethod.NAME;
    }

    @Override
    public LayerQuantizer start(Job job) {
        return new GptqQuantizer(job.fallbacks(), job.engine(), RowBlocks.VALUES);
    }

    @Override
    public Optional<Finding> finding(ModuleReport module, Quantization quantization) {
        if (!module.fallback().isEmpty()) {
            return Optional.of(new Finding(
                    "quantizer-fallback",
                    Finding.Severity.WARNING,
                    module.module(),
                    "The Hessian of its inputs could not be inverted, so it was rounded to nearest",
                    "more calibration tokens than " + module.tokens()));
        }
        double asked = quantization
                .forModule(module.module())
                .map(Quantization::gptqSettings)
                .map(GptqSettings::damping)
                .orElse(0.0);
        return module.diagonalFloor() > 0 || module.damping() > asked * (1 + ROUNDING)
                ? Optional.of(damped(module, asked))
                : Optional.empty();
    }

    private static Finding damped(ModuleReport module, double asked) {
        String floor = module.diagonalFloor() > 0
                ? String.format(Locale.ROOT, ", and %.3g under its diagonal", module.diagonalFloor())
                : "";
        return new Finding(
                "hessian-damped",
                Finding.Severity.INFO,
                module.module(),
                String.format(
                        Locale.ROOT,
                        "The Hessian of its inputs could be inverted with a damping of %.3g only, not %.3g%s",
                        module.damping(),
                        asked,
                        floor),
                "more calibration tokens than " + module.tokens() + "; the more damping, the closer to rounding");
    }
}
