package io.modelassay.quantization;

import io.modelassay.checkpoint.Providers;
import io.modelassay.failure.InvalidRequestException;
import java.util.List;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/** Every method that is known, by its name. */
@API(status = API.Status.EXPERIMENTAL)
public final class QuantizationMethods {
    private static final List<QuantizationMethod> ALL =
            Providers.of(QuantizationMethod.class, QuantizationMethod::name);

    private QuantizationMethods() {}

    /** All methods, those of this library first. */
    public static List<QuantizationMethod> all() {
        return ALL;
    }

    /**
     * The method of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static QuantizationMethod named(String name) {
        return ALL.stream()
                .filter(method -> method.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidRequestException(
                        "There is no method " + name,
                        "one of " + ALL.stream().map(QuantizationMethod::name).collect(Collectors.joining(", "))));
    }
}
