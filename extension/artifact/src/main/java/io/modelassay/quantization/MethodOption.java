package io.modelassay.quantization;

import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.apiguardian.api.API;

/**
 * A setting of a method beyond bits and groups that is asked for by name, as by {@code --act-order} on the command line.
 *
 * @param name such as {@code act-order}
 * @param valueName what the value is called, such as {@code SHARE}; empty for an option without one
 * @param description one sentence for the help of the command line
 * @param change makes other settings of the method's settings and the value
 */
@API(status = API.Status.EXPERIMENTAL)
public record MethodOption(
        String name, String valueName, String description, BiFunction<MethodSettings, String, MethodSettings> change) {

    /** An option without a value. */
    public static <S extends MethodSettings> MethodOption flag(
            Class<S> settings, String name, String description, UnaryOperator<S> change) {
        return new MethodOption(name, "", description, (before, value) -> change.apply(settings.cast(before)));
    }

    /** An option with a number. */
    public static <S extends MethodSettings> MethodOption number(
            Class<S> settings,
            String name,
            String valueName,
            String description,
            BiFunction<S, Double, ? extends MethodSettings> change) {
        return new MethodOption(
                name,
                valueName,
                description,
                (before, value) -> change.apply(settings.cast(before), number(name, value)));
    }

    private static double number(String name, String value) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "%s is a number, not \"%s\"", name, value), e);
        }
    }

    /** Whether it stands alone. */
    public boolean isFlag() {
        return valueName.isEmpty();
    }
}
