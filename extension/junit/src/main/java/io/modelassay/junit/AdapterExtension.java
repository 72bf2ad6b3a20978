package io.modelassay.junit;

import io.modelassay.adapter.PeftAdapter;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Executable;
import java.lang.reflect.Parameter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Gives tests their {@link PeftAdapter}; registered by {@link Adapter}. */
final class AdapterExtension extends RecordingExtension implements ExecutionCondition, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(AdapterExtension.class);
    private static final String CONFIG = "adapter_config.json";

    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Stream<? extends Executable> executables = context.getTestMethod().isPresent()
                ? context.getTestMethod().stream()
                : ModelAssayExtension.aroundTests(context.getRequiredTestClass());
        return Stream.concat(
                        context.getElement().stream(),
                        executables.flatMap(executable ->
                                Stream.concat(Stream.of(executable), Arrays.stream(executable.getParameters()))))
                .flatMap(element -> annotation(element).stream())
                .filter(found -> found.whenMissing() == WhenMissing.SKIP)
                .filter(found -> ArtifactLocation.find(found.value(), context.getRequiredTestClass())
                        .isEmpty())
                .findFirst()
                .map(found ->
                        ConditionEvaluationResult.disabled("No adapter \"" + found.value() + "\" (whenMissing = SKIP)"))
                .orElseGet(() -> ConditionEvaluationResult.enabled("The adapters are there"));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == PeftAdapter.class;
    }

    @Override
    public PeftAdapter resolveParameter(ParameterContext parameter, ExtensionContext context) {
        AnnotatedElement element = inForce(parameter.getParameter(), context)
                .orElseThrow(() -> new ConfigurationException(
                        "The PeftAdapter parameter of "
                                + ModelAssayExtension.place(
                                        parameter.getParameter().getDeclaringExecutable())
                                + " has no adapter",
                        "@Adapter(\"path\") on the parameter, the method or the class"));
        String location = annotation(element).orElseThrow().value();
        String origin = "@Adapter on " + ModelAssayExtension.place(element);
        if (location.isBlank()) {
            throw new ConfigurationException(origin + ": value = \"" + location + "\" names no adapter");
        }
        Path folder = ArtifactLocation.find(location, context.getRequiredTestClass())
                .orElseThrow(() -> new ConfigurationException(
                        "No adapter \"" + location + "\", which " + origin + " names" + "\n  looked for "
                                + ArtifactLocation.described(location, CONFIG),
                        "the path from the module's folder, or whenMissing = WhenMissing.SKIP"));
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(
                        List.of(folder, FileStamp.of(Stream.of(folder))),
                        key -> PeftAdapter.open(folder),
                        PeftAdapter.class);
    }

    private static Optional<AnnotatedElement> inForce(Parameter parameter, ExtensionContext context) {
        Stream<AnnotatedElement> around = Stream.iterate(
                        Optional.of(context), Optional::isPresent, at -> at.flatMap(ExtensionContext::getParent))
                .flatMap(at -> at.flatMap(ExtensionContext::getElement).stream());
        return Stream.concat(Stream.of(parameter, parameter.getDeclaringExecutable()), around)
                .filter(element -> annotation(element).isPresent())
                .findFirst();
    }

    private static Optional<Adapter> annotation(AnnotatedElement element) {
        return AnnotationSupport.findAnnotation(element, Adapter.class);
    }
}
