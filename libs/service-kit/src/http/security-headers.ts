import helmet from 'helmet';

/** Answers of an API load nothing and are shown in no frame; helmet's own content policy is made for pages. */
export const setSecurityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
});
