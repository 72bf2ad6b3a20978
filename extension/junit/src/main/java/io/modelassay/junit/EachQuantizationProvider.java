package io.modelassay.junit;

import io.modelassay.quantization.Quantization;
import java.lang.reflect.AnnotatedElement;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/** Runs a method or a class once for each quantization of {@link EachQuantization}. Registered by that annotation. */
@API(status = API.Status.INTERNAL)
public final class EachQuantizationProvider
        implements TestTemplateInvocationContextProvider, ClassTemplateInvocationContextProvider {
    private static final Namespace NAMESPACE = Namespace.create(EachQuantizationProvider.class);

    /** The quantization of the invocation that {@code context} belongs to. */
    static Optional<Quantization> variant(ExtensionContext context) {
        return Optional.ofNullable(context.getStore(NAMESPACE).get(Quantization.class, Quantization.class));
    }

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getRequiredTestMethod(), EachQuantization.class);
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        return variants(context.getRequiredTestMethod(), context).stream().map(MethodVariant::new);
    }

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getRequiredTestClass(), EachQuantization.class);
    }

    @Override
    public Stream<ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(ExtensionContext context) {
        return variants(context.getRequiredTestClass(), context).stream().map(ClassVariant::new);
    }

    private static List<Quantization> variants(AnnotatedElement element, ExtensionContext context) {
        Quantize[] quantizations = AnnotationSupport.findAnnotation(element, EachQuantization.class)
                .orElseThrow()
                .value();
        String place = context.getRequiredTestClass().getName()
                + context.getTestMethod().map(method -> "." + method.getName()).orElse("");
        if (quantizations.length == 0) {
            throw new ConfigurationException("@EachQuantization({}) on " + place + " names no quantization");
        }
        if (variant(context).isPresent()) {
            throw new ConfigurationException(
                    "@EachQuantization on " + place + " lies within another on its class; keep one of the two");
        }
        return Arrays.stream(quantizations)
                .map(quantize -> QuantizeReader.read(quantize, place))
                .toList();
    }

    private static void prepare(Quantization quantization, ExtensionContext context) {
        context.getStore(NAMESPACE).put(Quantization.class, quantization);
    }

    private record MethodVariant(Quantization quantization) implements TestTemplateInvocationContext {
        @Override
        public String getDisplayName(int invocationIndex) {
            return quantization.toString();
        }

        @Override
        public void prepareInvocation(ExtensionContext context) {
            prepare(quantization, context);
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new BeforeConstruction(quantization));
        }
    }

    /** Jupiter prepares an invocation of a method when its test instance, which may take a model too, is there already. */
    private record BeforeConstruction(Quantization quantization) implements TestInstancePreConstructCallback {
        @Override
        public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
            return ExtensionContextScope.TEST_METHOD;
        }

        @Override
        public void preConstructTestInstance(TestInstanceFactoryContext factory, ExtensionContext context) {
            prepare(quantization, context);
        }
    }

    private record ClassVariant(Quantization quantization) implements ClassTemplateInvocationContext {
        @Override
        public String getDisplayName(int invocationIndex) {
            return quantization.toString();
        }

        @Override
        public void prepareInvocation(ExtensionContext context) {
            prepare(quantization, context);
        }
    }
}
