package io.modelassay.junit;

import io.modelassay.failure.Problems;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.EnumSet;

/** Turns the annotation into a quantization, and refuses attributes that its method does not have. */
final class QuantizeReader {
    private final Quantize annotation;
    private final String place;

    private QuantizeReader(Quantize annotation, String place) {
        this.annotation = annotation;
        this.place = place;
    }

    static Quantization read(Quantize annotation, String place) {
        return new QuantizeReader(annotation, place).read();
    }

    private Quantization read() {
        Method method = annotation.method();
        boolean zeroPoint = EnumSet.of(Method.RTN, Method.GPTQ, Method.AWQ).contains(method);
        boolean grid = zeroPoint || method == Method.HQQ;
        boolean blocks = method == Method.NF4 || method == Method.FP4;
        int ownBits = blocks ? 4 : 8;
        if (!grid && annotation.bits() != 0 && annotation.bits() != ownBits) {
            throw refusal("bits", annotation.bits(), "has " + ownBits + " bits");
        }
        refuse(!grid && annotation.groupSize() != 0, "groupSize", annotation.groupSize());
        refuse(!zeroPoint && !annotation.symmetric(), "symmetric", false);
        refuse(!blocks && annotation.blockSize() != 0, "blockSize", annotation.blockSize());
        refuse(!blocks && annotation.doubleQuantization(), "doubleQuantization", true);
        refuse(
                method != Method.FP8 && annotation.granularity() != Granularity.CHANNEL,
                "granularity",
                annotation.granularity());
        boolean calibrated = method == Method.GPTQ || method == Method.AWQ;
        refuse(method != Method.GPTQ && annotation.actOrder(), "actOrder", true);
        refuse(!calibrated && !annotation.calibration().isEmpty(), "calibration", annotation.calibration());
        if (calibrated && annotation.calibration().isEmpty()) {
            throw new ConfigurationException(
                    "@Quantize(method = " + method + ") on " + place + " names no calibration",
                    "calibration = \"src/test/resources/calibration.txt\"");
        }
        try {
            Quantization quantization = quantization().keep(annotation.keep()).dynamic(annotation.dynamic());
            quantization = annotation.head() ? quantization.withHead() : quantization;
            return calibrated ? quantization.calibratedOn(Path.of(annotation.calibration())) : quantization;
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("@Quantize(method = " + method + ") on " + place + ": ", Problems.of(e));
        }
    }

    private Quantization quantization() {
        return switch (annotation.method()) {
            case RTN -> grid(Quantization.rtn(bits(), groupSize()));
            case GPTQ ->
                grid(
                        annotation.actOrder()
                                ? Quantization.gptq(bits(), groupSize())
                                        .with(GptqSettings.DEFAULT.order(GptqSettings.Order.ACT_ORDER))
                                : Quantization.gptq(bits(), groupSize()));
            case AWQ -> grid(Quantization.awq(bits(), groupSize()));
            case HQQ -> Quantization.hqq(bits(), annotation.groupSize() == 0 ? 64 : annotation.groupSize());
            case NF4 -> blocks(Quantization.nf4());
            case FP4 -> blocks(Quantization.fp4());
            case LLM_INT8 -> Quantization.llmInt8();
            case FP8 -> Quantization.fp8(annotation.granularity());
        };
    }

    private int bits() {
        return annotation.bits() == 0 ? 4 : annotation.bits();
    }

    private int groupSize() {
        return annotation.groupSize() == 0 ? 128 : annotation.groupSize();
    }

    private Quantization grid(Quantization quantization) {
        return annotation.symmetric() ? quantization : quantization.asymmetric();
    }

    private Quantization blocks(Quantization quantization) {
        Quantization sized =
                annotation.blockSize() == 0 ? quantization : quantization.blockSize(annotation.blockSize());
        return annotation.doubleQuantization() ? sized.doubleQuantized() : sized;
    }

    private void refuse(boolean present, String attribute, Object value) {
        if (present) {
            throw refusal(attribute, value, "has no such setting");
        }
    }

    private ConfigurationException refusal(String attribute, Object value, String why) {
        return new ConfigurationException("@Quantize(method = " + annotation.method() + ", " + attribute + " = " + value
                + ") on " + place + ": " + annotation.method() + " " + why);
    }
}
