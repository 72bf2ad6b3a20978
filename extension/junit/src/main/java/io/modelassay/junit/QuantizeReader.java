package io.modelassay.junit;

import io.modelassay.failure.Problems;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.GridChoices;
import io.modelassay.quantization.GridChoices.Extent;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationMethod;
import io.modelassay.quantization.QuantizationMethods;
import java.nio.file.Path;

/** Turns the annotation into a quantization, and refuses attributes that its method does not have. */
final class QuantizeReader {
    private static final String ACT_ORDER = "act-order";

    private final Quantize annotation;
    private final String place;
    private final String title;

    private QuantizeReader(Quantize annotation, String place) {
        this.annotation = annotation;
        this.place = place;
        this.title = annotation.method() == Method.NAMED
                ? annotation.named()
                : annotation.method().name();
    }

    static Quantization read(Quantize annotation, String place) {
        return new QuantizeReader(annotation, place).read();
    }

    private Quantization read() {
        QuantizationMethod method = method();
        GridChoices grids = method.grids();
        Extent extent = grids.extent();
        if (annotation.bits() != 0 && grids.bits().size() == 1 && !grids.bits().contains(annotation.bits())) {
            throw refusal("bits", annotation.bits(), "has " + grids.usualBits() + " bits");
        }
        refuse(extent != Extent.GROUPS && annotation.groupSize() != 0, "groupSize", annotation.groupSize());
        refuse(!grids.choosesZero() && !annotation.symmetric(), "symmetric", false);
        refuse(extent != Extent.BLOCKS && annotation.blockSize() != 0, "blockSize", annotation.blockSize());
        refuse(!grids.doubles() && annotation.doubleQuantization(), "doubleQuantization", true);
        refuse(
                extent != Extent.GRANULARITY && annotation.granularity() != Granularity.CHANNEL,
                "granularity",
                annotation.granularity());
        boolean orders =
                method.options().stream().anyMatch(option -> option.name().equals(ACT_ORDER));
        refuse(!orders && annotation.actOrder(), "actOrder", true);
        boolean calibrated = method.needsCalibration();
        refuse(!calibrated && !annotation.calibration().isEmpty(), "calibration", annotation.calibration());
        if (calibrated && annotation.calibration().isEmpty()) {
            throw new ConfigurationException(
                    "@Quantize(method = " + title + ") on " + place + " names no calibration",
                    "calibration = \"src/test/resources/calibration.txt\"");
        }
        try {
            Quantization quantization =
                    quantization(method).keep(annotation.keep()).dynamic(annotation.dynamic());
            quantization = annotation.head() ? quantization.withHead() : quantization;
            return calibrated ? quantization.calibratedOn(Path.of(annotation.calibration())) : quantization;
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("@Quantize(method = " + title + ") on " + place + ": ", Problems.of(e));
        }
    }

    private QuantizationMethod method() {
        boolean named = annotation.method() == Method.NAMED;
        if (named == annotation.named().isEmpty()) {
            throw new ConfigurationException(
                    "@Quantize(method = " + annotation.method() + ", named = \"" + annotation.named() + "\") on "
                            + place + (named ? " names no method" : " names two methods"),
                    "method = GPTQ, or the name of a method of your own in named");
        }
        try {
            return QuantizationMethods.named(
                    named ? annotation.named() : annotation.method().id());
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("@Quantize on " + place + ": ", Problems.of(e));
        }
    }

    private Quantization quantization(QuantizationMethod method) {
        GridChoices grids = method.grids();
        int size = annotation.groupSize() == 0 ? annotation.blockSize() : annotation.groupSize();
        Quantization quantization = Quantization.of(
                method.name(),
                annotation.bits() == 0 ? grids.usualBits() : annotation.bits(),
                size == 0 ? grids.usualSize() : size);
        quantization = grids.extent() == Extent.GRANULARITY
                ? quantization.granularity(annotation.granularity())
                : quantization;
        quantization = annotation.actOrder() ? quantization.option(ACT_ORDER, "") : quantization;
        quantization = annotation.doubleQuantization() ? quantization.doubleQuantized() : quantization;
        return annotation.symmetric() ? quantization : quantization.asymmetric();
    }

    private void refuse(boolean present, String attribute, Object value) {
        if (present) {
            throw refusal(attribute, value, "has no such setting");
        }
    }

    private ConfigurationException refusal(String attribute, Object value, String why) {
        return new ConfigurationException("@Quantize(method = " + title + ", " + attribute + " = " + value + ") on "
                + place + ": " + title + " " + why);
    }
}
