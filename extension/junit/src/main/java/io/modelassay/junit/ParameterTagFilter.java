package io.modelassay.junit;

import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestTag;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;

/**
 * Tests whose {@link QuantizedModel} stands on a parameter. JUnit reads tags of classes and methods alone, so a selection by the
 * tag {@value #TAG} passes these tests over: a build that is to run them would run nothing and succeed. Such a selection fails
 * here, with the tests and the cure; one that leaves the tag out leaves these tests out too. Found by the launcher.
 */
@API(status = API.Status.INTERNAL)
public final class ParameterTagFilter implements PostDiscoveryFilter {
    static final String TAG = "quantized-model";

    /** For the launcher. */
    public ParameterTagFilter() {}

    @Override
    public FilterResult apply(TestDescriptor test) {
        Optional<Parameter> untagged = untagged(test);
        if (untagged.isEmpty()) {
            return FilterResult.included("its tags say what it is");
        }
        for (PostDiscoveryFilter filter : TagFilters.current()) {
            boolean selected = filter.apply(test).included();
            boolean selectedByTag = filter.apply(tagged(test)).included();
            if (selectedByTag && !selected) {
                throw new ConfigurationException(
                        "Tests are selected by the tag " + TAG
                                + ", which @QuantizedModel gives to"
                                + " classes and methods alone. On " + ModelAssayExtension.place(untagged.get())
                                + " it gives none, so that this test would be passed over",
                        "@QuantizedModel on the method or the class, or @Tag(\"" + TAG + "\") beside @Test");
            }
            if (selected && !selectedByTag) {
                return FilterResult.excluded("@QuantizedModel on a parameter, and its tag is left out");
            }
        }
        return FilterResult.included("no filter asks for the tag");
    }

    /** The parameter that gives {@code test} a model without giving it the tag. */
    private static Optional<Parameter> untagged(TestDescriptor test) {
        Optional<MethodSource> source =
                test.getSource().filter(MethodSource.class::isInstance).map(MethodSource.class::cast);
        if (source.isEmpty() || test.getTags().contains(TestTag.create(TAG))) {
            return Optional.empty();
        }
        return Stream.concat(
                        Stream.of(source.get().getJavaMethod()),
                        around(source.get().getJavaClass()))
                .flatMap(executable -> Arrays.stream(executable.getParameters()))
                .filter(parameter -> AnnotationSupport.isAnnotated(parameter, QuantizedModel.class))
                .findFirst();
    }

    /** What else runs for a test of {@code type}, in the classes around it too. */
    private static Stream<Executable> around(Class<?> type) {
        return Stream.<Class<?>>iterate(type, at -> at != null, Class::getEnclosingClass)
                .flatMap(ModelAssayExtension::aroundTests);
    }

    /** {@code test} as it would be with the tag. */
    private static TestDescriptor tagged(TestDescriptor test) {
        Set<TestTag> tags = new LinkedHashSet<>(test.getTags());
        tags.add(TestTag.create(TAG));
        return (TestDescriptor) Proxy.newProxyInstance(
                TestDescriptor.class.getClassLoader(),
                new Class<?>[] {TestDescriptor.class},
                (proxy, method, arguments) ->
                        method.getName().equals("getTags") ? tags : invoke(method, test, arguments));
    }

    private static @Nullable Object invoke(Method method, TestDescriptor test, Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(test, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
