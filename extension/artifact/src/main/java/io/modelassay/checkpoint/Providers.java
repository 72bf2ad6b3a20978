package io.modelassay.checkpoint;

import io.modelassay.failure.NotPossibleException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.apiguardian.api.API;

/**
 * The classes that implement an interface. Each has a line in {@code META-INF/services}, in this library or in a jar or test
 * folder beside it, so a class is added without a change to another one.
 */
@API(status = API.Status.INTERNAL)
public final class Providers {
    private Providers() {}

    /**
     * An object of each class that implements {@code service}: this library's in the order of its file, then all others.
     *
     * @param name what tells them apart
     * @throws IllegalStateException if two have the same name
     */
    public static <T> List<T> of(Class<T> service, Function<T, String> name) {
        Map<String, T> found = new LinkedHashMap<>();
        for (T provider : ownFirst(service)) {
            T other = found.putIfAbsent(name.apply(provider), provider);
            if (other != null) {
                throw new NotPossibleException(
                        "Both " + other.getClass().getName() + " and "
                                + provider.getClass().getName() + " are the " + service.getSimpleName() + " "
                                + name.apply(provider),
                        "another name for one of them, or only one of their jars");
            }
        }
        return List.copyOf(found.values());
    }

    private static <T> List<T> ownFirst(Class<T> service) {
        List<T> own = new ArrayList<>();
        List<T> others = new ArrayList<>();
        for (T provider : ServiceLoader.load(service, service.getClassLoader())) {
            (isOwn(provider.getClass(), service) ? own : others).add(provider);
        }
        own.addAll(others);
        return own;
    }

    /** The library's own classes come out of the jar or folder that holds the interface. */
    private static boolean isOwn(Class<?> provider, Class<?> service) {
        return Objects.equals(
                provider.getProtectionDomain().getCodeSource(),
                service.getProtectionDomain().getCodeSource());
    }
}
