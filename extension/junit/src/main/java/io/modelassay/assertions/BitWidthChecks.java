package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.failure.Counted;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** Whether more bits lose less of each weight. */
final class BitWidthChecks {
    /**
     * The square of what rounding a scale to float16 may change, 2^-11: a weight that loses no more lies on the grid, and has
     * nothing left that could fall.
     */
    private static final double ON_THE_GRID = 0x1p-22;

    private final ModelUnderTest model;
    private final List<Quantization> widths;

    /** @throws IllegalArgumentException unless the bits of {@code widths} rise and none needs calibration */
    BitWidthChecks(ModelUnderTest model, Quantization... widths) {
        this.model = model;
        this.widths = List.of(widths);
        if (widths.length < 2) {
            throw new IllegalArgumentException("Errors fall from one width to another, so there must be two at least");
        }
        for (int i = 0; i < widths.length; i++) {
            if (widths[i].needsCalibration()) {
                throw new InvalidRequestException(
                        widths[i].label() + " needs a calibration text", "a method without one, such as RTN or HQQ");
            }
            if (i > 0 && widths[i].bits() <= widths[i - 1].bits()) {
                throw new IllegalArgumentException(
                        "Bits must rise, but " + widths[i].label() + " comes after " + widths[i - 1].label());
            }
        }
    }

    /** Weights that are not on a grid already. */
    boolean hasUnquantizedWeights() {
        return model.reference().reference().storedQuantization().weights().isEmpty();
    }

    Optional<String> errorsThatDoNotFall() {
        SortedMap<String, List<Double>> errors = model.weightErrors(widths);
        List<String> found = errors.entrySet().stream()
                .filter(module -> !falls(module.getValue()))
                .map(module -> module.getKey() + ": " + listed(module.getValue()))
                .toList();
        return Check.of(model, "weights that more bits do not serve")
                .expecting("to have weight errors that fall with the bits of " + labels())
                .none("modules", found.size())
                .among(Counted.of(errors.size(), "module") + ", " + labels())
                .otherwise(
                        failure -> failure.but("those of " + found.size() + " of " + Counted.of(errors.size(), "module")
                                        + " do not (share of the squared weight that is lost):")
                                .items(found)
                                .from(model.reference()
                                        .reference()
                                        .checkpoint()
                                        .folder()
                                        .toString())
                                .then(
                                        "hasOnlyFiniteWeights(), then survivesQuantization(…), which tells of scales that overflow or vanish in"
                                                + " float16"));
    }

    private static boolean falls(List<Double> errors) {
        if (!errors.stream().allMatch(Double::isFinite)) {
            return false;
        }
        for (int i = 1; i < errors.size(); i++) {
            if (errors.get(i - 1) <= ON_THE_GRID) {
                return true;
            }
            if (errors.get(i) >= errors.get(i - 1)) {
                return false;
            }
        }
        return true;
    }

    private String listed(List<Double> errors) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < errors.size(); i++) {
            items.add(Failure.number("%.3g", errors.get(i)) + " at "
                    + widths.get(i).bits() + " bits");
        }
        return String.join(", ", items);
    }

    private String labels() {
        return widths.stream().map(Quantization::label).collect(Collectors.joining(", "));
    }
}
